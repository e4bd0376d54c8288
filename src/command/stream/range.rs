//! Reading the entries between two ids.

use super::{interval_end, interval_start, reply_entries};
use crate::command::number::int;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::value::stream::Stream;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "xrange",
        arity: -4,
        flags: "readonly",
        acl: "@read @stream @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a range of elements in a stream, with IDs matching the specified IDs interval",
        since: "5.0.0",
        group: "stream",
        complexity: "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking \
            for the first 10 elements with COUNT), you can consider it O(1).",
        history: &[("6.2.0", "Added exclusive ranges.")],
        args: "key@0 start end count:int=COUNT?",
        run: Run::Data(xrange),
        ..Spec::BLANK
    },
    Spec {
        name: "xrevrange",
        arity: -4,
        flags: "readonly",
        acl: "@read @stream @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a range of elements in a stream, with IDs matching the specified IDs interval, in reverse \
            order (from greater to smaller IDs) compared to XRANGE",
        since: "5.0.0",
        group: "stream",
        complexity: "O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the \
            first 10 elements with COUNT), you can consider it O(1).",
        history: &[("6.2.0", "Added exclusive ranges.")],
        args: "key@0 end start count:int=COUNT?",
        run: Run::Data(xrevrange),
        ..Spec::BLANK
    },
];

fn xrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    range(ctx, args, false)
}

fn xrevrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    range(ctx, args, true)
}

fn range(ctx: &mut Ctx<'_>, args: Args<'_>, backwards: bool) -> Outcome {
    let (start_at, end_at) = if backwards { (3, 2) } else { (2, 3) };
    let start = interval_start(args.at(start_at))?;
    let end = interval_end(args.at(end_at))?;
    let mut count = None;
    for at in (4..args.len()).step_by(2) {
        let value = args.get(at + 1).filter(|_| args.is(at, "count")).ok_or(Error::Syntax)?;
        count = Some(int(value)?);
    }
    let Some(stream) = ctx.tx.read::<Stream>(args.key(1))? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let count = match count {
        // So many that it means all.
        None => 0,
        Some(..=0) => {
            ctx.reply.null_array();
            return Ok(());
        }
        Some(count) => count as usize,
    };
    if backwards {
        reply_entries(&mut ctx.reply, stream.range_back(start, end), count);
    } else {
        reply_entries(&mut ctx.reply, stream.range(start, end), count);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn ranges_go_both_ways_and_may_leave_their_ends_out() {
        let mut session = Session::default();
        (1..=4).for_each(|ms| drop(session.run(&format!("XADD k {ms} f {ms}"))));
        let entry = |ms: u8| format!("*2 $3 {ms}-0 *2 $1 f $1 {ms}");
        let entries = |all: &[u8]| {
            std::iter::once(format!("*{}", all.len()))
                .chain(all.iter().map(|ms| entry(*ms)))
                .collect::<Vec<_>>()
                .join(" ")
        };
        for (line, wanted) in [
            ("XRANGE k - +", &[1, 2, 3, 4][..]),
            ("XREVRANGE k + -", &[4, 3, 2, 1]),
            ("XRANGE k 2 3", &[2, 3]),
            ("XRANGE k (2 (4", &[3, 4]),
            ("XRANGE k (2-0 (4-0", &[3]),
            ("XREVRANGE k (4-0 2 COUNT 1", &[3]),
            ("XRANGE k - + COUNT 2", &[1, 2]),
            ("XRANGE k 3 2", &[]),
            ("XRANGE none - +", &[]),
        ] {
            assert_eq!(session.run(line), entries(wanted), "{line}");
        }
    }

    #[test]
    fn a_count_of_nothing_is_a_null() {
        let mut session = Session::default();
        assert_eq!(session.run("XRANGE k - + COUNT 0"), "*0");
        session.run("XADD k 1 f v");
        assert_eq!(session.run("XRANGE k - + COUNT 0"), "*-1");
        assert_eq!(session.run("XRANGE k - + COUNT -5"), "*-1");
        assert_eq!(session.run("XRANGE k - + COUNT"), "-ERR syntax error");
        assert_eq!(session.run("XRANGE k - + LIMIT 1"), "-ERR syntax error");
    }
}
