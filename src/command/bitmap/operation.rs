//! Bitwise operations between values.

use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::string::range::raw;
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::{Event, Str};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[Spec {
    name: "bitop",
    arity: -4,
    flags: "write denyoom",
    acl: "@write @bitmap @slow",
    keys: &[KeySpec::range("OW update", 2, 0, 1), KeySpec::range("RO access", 3, -1, 1)],
    summary: "Perform bitwise operations between strings",
    since: "2.6.0",
    group: "bitmap",
    complexity: "O(N)",
    history: &[("8.2.0", "Added the `DIFF`, `DIFF1`, `ANDOR` and `ONE` operations.")],
    args: "operation(AND | OR | XOR | NOT | DIFF>8.2.0 | DIFF1>8.2.0 | ANDOR>8.2.0 | ONE>8.2.0) destkey@0 key@1*",
    run: Run::Data(bitop),
    ..Spec::BLANK
}];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    And,
    Or,
    Xor,
    Not,
    /// Bits of the first source that no other has.
    Diff,
    /// Bits that some other source has and the first has not.
    Diff1,
    /// Bits of the first source that some other has too.
    AndOr,
    /// Bits that exactly one source has.
    One,
}

impl Operation {
    const NAMES: [(&str, Operation); 8] = [
        ("AND", Operation::And),
        ("OR", Operation::Or),
        ("XOR", Operation::Xor),
        ("NOT", Operation::Not),
        ("DIFF", Operation::Diff),
        ("DIFF1", Operation::Diff1),
        ("ANDOR", Operation::AndOr),
        ("ONE", Operation::One),
    ];

    fn parse(name: &[u8], sources: usize) -> Result<Operation, Error> {
        let known = Operation::NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
        let &(name, operation) = known.ok_or(Error::Syntax)?;
        match operation {
            Operation::Not if sources != 1 => {
                Err(Error::Static("ERR BITOP NOT must be called with a single source key."))
            }
            Operation::Diff | Operation::Diff1 | Operation::AndOr if sources < 2 => {
                Err(Error::Text(format!("ERR BITOP {name} must be called with at least two source keys.")))
            }
            _ => Ok(operation),
        }
    }

    /// Works on words of the sources in `columns`, a short source continued by zeros.
    fn run(self, sources: &[&[u8]], length: usize) -> Vec<u8> {
        let mut result = vec![0u8; length];
        let (words, rest) = result.as_chunks_mut::<8>();
        for (index, word) in words.iter_mut().enumerate() {
            *word = self.word(sources, index).to_ne_bytes();
        }
        let last = self.word(sources, length / 8).to_ne_bytes();
        rest.copy_from_slice(&last[..rest.len()]);
        result
    }

    fn word(self, sources: &[&[u8]], index: usize) -> u64 {
        let mut words = sources.iter().map(|source| word_of(source, index));
        let first = words.next().unwrap_or(0);
        match self {
            Operation::And => words.fold(first, |all, word| all & word),
            Operation::Or => words.fold(first, |any, word| any | word),
            Operation::Xor => words.fold(first, |odd, word| odd ^ word),
            Operation::Not => !first,
            Operation::Diff => first & !words.fold(0, |any, word| any | word),
            Operation::Diff1 => !first & words.fold(0, |any, word| any | word),
            Operation::AndOr => first & words.fold(0, |any, word| any | word),
            Operation::One => {
                let (one, more) = words
                    .fold((first, 0), |(one, more), word| ((one ^ word) & !(more | one & word), more | one & word));
                one & !more
            }
        }
    }
}

/// The `index`-th eight bytes of a source.
fn word_of(source: &[u8], index: usize) -> u64 {
    let start = source.len().min(index * 8);
    let bytes = &source[start..source.len().min(start + 8)];
    match bytes.try_into() {
        Ok(word) => u64::from_ne_bytes(word),
        Err(_) => {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            u64::from_ne_bytes(word)
        }
    }
}

/// BITOP operation destination key [key …].
fn bitop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let operation = Operation::parse(args.at(1), args.len() - 3)?;
    let destination = args.key(2);
    let mut digits = vec![itoa::Buffer::new(); args.len() - 3];
    let mut sources: Vec<&[u8]> = Vec::with_capacity(digits.len());
    for (index, digits) in (3..args.len()).zip(&mut digits) {
        sources.push(ctx.tx.string(args.key(index))?.unwrap_or(Str::Bytes(b"")).as_bytes(digits));
    }
    let length = sources.iter().map(|source| source.len()).max().unwrap_or(0);
    let result = operation.run(&sources, length);
    if length > 0 {
        ctx.tx.set_string(destination, b"", crate::store::Ttl::Clear);
        *raw(ctx, destination)? = result;
        ctx.tx.notify(Event::String, "set", destination);
    } else if ctx.tx.remove(destination) {
        ctx.tx.notify(Event::Generic, "del", destination);
    }
    ctx.reply.int(length as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::Session;

    #[test]
    fn every_operation_works_bit_by_bit() {
        let seed = fastrand::u64(..);
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..500 {
            let sources: Vec<Vec<u8>> =
                (0..random.usize(2..5)).map(|_| (0..random.usize(0..30)).map(|_| random.u8(..)).collect()).collect();
            let sources: Vec<&[u8]> = sources.iter().map(Vec::as_slice).collect();
            let length = sources.iter().map(|source| source.len()).max().unwrap();
            for (name, operation) in Operation::NAMES {
                let result = operation.run(&sources, length);
                assert_eq!(result.len(), length);
                for bit in 0..length * 8 {
                    let on = |bytes: &[u8]| bytes.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1);
                    let first = on(sources[0]);
                    let others = sources[1..].iter().any(|source| on(source));
                    let count = sources.iter().filter(|source| on(source)).count();
                    let expected = match operation {
                        Operation::And => count == sources.len(),
                        Operation::Or => count > 0,
                        Operation::Xor => count % 2 == 1,
                        Operation::Not => !first,
                        Operation::Diff => first && !others,
                        Operation::Diff1 => !first && others,
                        Operation::AndOr => first && others,
                        Operation::One => count == 1,
                    };
                    assert_eq!(on(&result), expected, "{name} seed {seed}");
                }
            }
        }
    }

    #[test]
    fn bitop_stores_what_it_made_or_removes_the_destination() {
        let mut session = Session::default();
        session.run("MSET a abc b b d old");
        assert_eq!(session.run("BITOP AND d a b"), ":3");
        assert_eq!(session.run("GET d"), "$3 `\0\0");
        assert_eq!(session.run("OBJECT ENCODING d"), "$3 raw");
        assert_eq!(session.run("BITOP or d none none"), ":0");
        assert_eq!(session.run("EXISTS d"), ":0");
        assert_eq!(session.run("BITOP XOR a a none"), ":3");
        assert_eq!(session.run("GET a"), "$3 abc");
        session.run("SET n 12");
        assert_eq!(session.run("BITOP NOT n n"), ":2");
    }

    #[test]
    fn bitop_checks_the_number_of_sources() {
        let mut session = Session::default();
        assert_eq!(session.run("BITOP foo d a"), "-ERR syntax error");
        assert_eq!(session.run("BITOP NOT d a b"), "-ERR BITOP NOT must be called with a single source key.");
        let two = "-ERR BITOP DIFF must be called with at least two source keys.";
        assert_eq!(session.run("BITOP diff d a"), two);
        session.run("SADD l a");
        assert!(session.run("BITOP AND d l").starts_with("-WRONGTYPE"));
    }
}
