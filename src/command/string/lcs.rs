//! LCS: the longest common subsequence of two strings, by the textbook's table.
//!
//! The table takes 4 bytes per pair of positions and is bounded by `proto-max-bulk-len`, as in the reference.

use crate::command::number::int;
use crate::command::{Args, Ctx, Error, Outcome};

#[derive(Default)]
struct Options {
    length_only: bool,
    ranges: bool,
    with_lengths: bool,
    length_min: i64,
}

impl Options {
    fn parse(args: Args<'_>) -> Result<Options, Error> {
        let mut options = Options::default();
        let mut words = args.skip(3);
        while let Some(word) = words.next() {
            if word.eq_ignore_ascii_case(b"idx") {
                options.ranges = true;
            } else if word.eq_ignore_ascii_case(b"len") {
                options.length_only = true;
            } else if word.eq_ignore_ascii_case(b"withmatchlen") {
                options.with_lengths = true;
            } else if word.eq_ignore_ascii_case(b"minmatchlen") {
                options.length_min = int(words.next().ok_or(Error::Syntax)?)?;
            } else {
                return Err(Error::Syntax);
            }
        }
        if options.ranges && options.length_only {
            return Err(Error::Static("ERR If you want both the length and indexes, please just use IDX."));
        }
        Ok(options)
    }
}

/// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN length] [WITHMATCHLEN].
pub(super) fn lcs(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let value = |index| match ctx.tx.string(args.key(index)) {
        Ok(value) => Ok(value.map(|value| value.to_vec()).unwrap_or_default()),
        Err(_) => Err(Error::Static("ERR The specified keys must contain string values")),
    };
    let (a, b) = (value(1)?, value(2)?);
    let options = Options::parse(args)?;
    let table = Table::fill(&a, &b, ctx.config.proto_max_bulk_bytes)?;
    if options.length_only {
        ctx.reply.int(table.common(a.len(), b.len()).into());
    } else if options.ranges {
        reply_ranges(ctx, &table, &a, &b, &options);
    } else {
        let mut common = Vec::with_capacity(table.common(a.len(), b.len()) as usize);
        table.walk_back(&a, &b, |i, _| common.push(a[i]));
        common.reverse();
        ctx.reply.bulk(&common);
    }
    Ok(())
}

/// Lengths of the longest common subsequences of all pairs of prefixes.
struct Table {
    columns: usize,
    lengths: Vec<u32>,
}

impl Table {
    fn fill(a: &[u8], b: &[u8], bytes_max: u64) -> Result<Table, Error> {
        if a.len().max(b.len()) >= u32::MAX as usize - 1 {
            return Err(Error::Static("ERR String too long for LCS"));
        }
        let columns = b.len() + 1;
        let cells = (a.len() as u64 + 1) * columns as u64;
        if cells.checked_mul(4).is_none_or(|bytes| bytes > bytes_max) {
            return Err(Error::Static("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"));
        }
        let mut lengths = Vec::new();
        lengths
            .try_reserve_exact(cells as usize)
            .map_err(|_| Error::Static("ERR Insufficient memory, failed allocating transient memory for LCS"))?;
        lengths.resize(cells as usize, 0u32);
        for (row, x) in a.iter().enumerate() {
            let (above, below) = lengths[row * columns..].split_at_mut(columns);
            for (column, y) in b.iter().enumerate() {
                below[column + 1] = if x == y { above[column] + 1 } else { above[column + 1].max(below[column]) };
            }
        }
        Ok(Table { columns, lengths })
    }

    /// Length for the first `i` bytes of one and the first `j` of the other.
    fn common(&self, i: usize, j: usize) -> u32 {
        self.lengths[i * self.columns + j]
    }

    /// Hands the pairs of matching positions to `matched`, last first.
    fn walk_back(&self, a: &[u8], b: &[u8], mut matched: impl FnMut(usize, usize)) {
        let (mut i, mut j) = (a.len(), b.len());
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                (i, j) = (i - 1, j - 1);
                matched(i, j);
            } else if self.common(i - 1, j) > self.common(i, j - 1) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
    }
}

/// Positions that match in a row: first in both strings, and how many.
#[derive(Clone, Copy)]
struct Run {
    a: usize,
    b: usize,
    length: usize,
}

fn reply_ranges(ctx: &mut Ctx<'_>, table: &Table, a: &[u8], b: &[u8], options: &Options) {
    let mut runs: Vec<Run> = Vec::new();
    table.walk_back(a, b, |i, j| match runs.last_mut() {
        Some(run) if run.a == i + 1 && run.b == j + 1 => *run = Run { a: i, b: j, length: run.length + 1 },
        _ => runs.push(Run { a: i, b: j, length: 1 }),
    });
    runs.retain(|run| run.length as i64 >= options.length_min);

    ctx.reply.map(2);
    ctx.reply.bulk(b"matches");
    ctx.reply.array(runs.len());
    for run in &runs {
        ctx.reply.array(2 + usize::from(options.with_lengths));
        for start in [run.a, run.b] {
            ctx.reply.array(2);
            ctx.reply.int(start as i64);
            ctx.reply.int((start + run.length - 1) as i64);
        }
        if options.with_lengths {
            ctx.reply.int(run.length as i64);
        }
    }
    ctx.reply.bulk(b"len");
    ctx.reply.int(table.common(a.len(), b.len()).into());
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    fn with_texts() -> Session {
        let mut session = Session::default();
        session.run("MSET a ohmytext b mynewtext");
        session
    }

    #[test]
    fn the_subsequence_its_length_and_its_ranges() {
        let mut session = with_texts();
        assert_eq!(session.run("LCS a b"), "$6 mytext");
        assert_eq!(session.run("LCS a b LEN"), ":6");
        assert_eq!(session.run("LCS a b IDX"), "*4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6");
        assert_eq!(
            session.run("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN"),
            "*4 $7 matches *1 *3 *2 :4 :7 *2 :5 :8 :4 $3 len :6"
        );
        assert_eq!(session.run("LCS a none"), "$0");
        session.protocol = Protocol::Resp3;
        assert!(session.run("LCS a b IDX").starts_with("%2 $7 matches *2 "));
    }

    #[test]
    fn options_that_do_not_fit_are_refused() {
        let mut session = with_texts();
        let both = "-ERR If you want both the length and indexes, please just use IDX.";
        assert_eq!(session.run("LCS a b IDX LEN"), both);
        assert_eq!(session.run("LCS a b foo"), "-ERR syntax error");
        assert_eq!(session.run("LCS a b MINMATCHLEN"), "-ERR syntax error");
        assert_eq!(session.run("LCS a b MINMATCHLEN x"), "-ERR value is not an integer or out of range");
        session.run("SADD l a");
        assert_eq!(session.run("LCS a l foo"), "-ERR The specified keys must contain string values");
    }

    #[test]
    fn the_table_is_bounded() {
        let mut session = with_texts();
        session.config.proto_max_bulk_bytes = 359;
        let reply = session.run("LCS a b");
        assert_eq!(reply, "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
        session.config.proto_max_bulk_bytes = 360;
        assert_eq!(session.run("LCS a b"), "$6 mytext");
    }
}
