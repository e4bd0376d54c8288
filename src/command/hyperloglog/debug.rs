//! PFDEBUG and PFSELFTEST: a look inside of HyperLogLogs.

use super::sketch::{self, Encoding, REGISTERS};
use super::{estimate, read};
use crate::command::string::range::raw;
use crate::command::{Args, Ctx, Error, Outcome};

/// Rounds in which PFSELFTEST sets all registers at random.
const REGISTER_ROUNDS: usize = 100;
/// Elements that PFSELFTEST adds, after which it counts the last time. A tenth of the reference's: it takes a thread
/// some 50 ms.
const ELEMENTS: u64 = 1_000_000;

/// PFDEBUG GETREG | DECODE | ENCODING | TODENSE key.
pub(super) fn pfdebug(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if read(&ctx.tx, args.key(2))?.is_none() {
        return Err(Error::Static("ERR The specified key does not exist"));
    }
    let bytes = raw(ctx, args.key(2))?;
    let sparse = sketch::encoding(bytes) == Some(Encoding::Sparse);
    let word = args.at(1);
    if word.eq_ignore_ascii_case(b"getreg") {
        sketch::make_dense(bytes)?;
        let registers: Vec<u8> = sketch::dense_registers(bytes).collect();
        ctx.reply.array(registers.len());
        registers.iter().for_each(|rank| ctx.reply.int(i64::from(*rank)));
    } else if word.eq_ignore_ascii_case(b"decode") {
        if !sparse {
            return Err(Error::Static("ERR HLL encoding is not sparse"));
        }
        let shown = |run: sketch::Run| match (run.rank, run.bytes) {
            (0, 1) => format!("z:{}", run.length),
            (0, _) => format!("Z:{}", run.length),
            (rank, _) => format!("v:{rank},{}", run.length),
        };
        let text = sketch::runs(bytes).map(shown).collect::<Vec<_>>().join(" ");
        ctx.reply.bulk(text.as_bytes());
        return Ok(());
    } else if word.eq_ignore_ascii_case(b"encoding") {
        ctx.reply.simple(if sparse { "sparse" } else { "dense" });
        return Ok(());
    } else if word.eq_ignore_ascii_case(b"todense") {
        sketch::make_dense(bytes)?;
        ctx.reply.int(i64::from(sparse));
    } else {
        return Err(Error::Bytes([b"ERR Unknown PFDEBUG subcommand '", word, b"'"].concat()));
    }
    if sparse {
        ctx.tx.changed(args.key(2));
    }
    Ok(())
}

/// PFSELFTEST: registers hold what is put into them, both encodings say the same, and estimates are near.
pub(super) fn pfselftest(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    registers_hold()?;
    estimates_are_near(ctx.config.hll_sparse_bytes_max)?;
    ctx.reply.ok();
    Ok(())
}

fn registers_hold() -> Outcome {
    let mut dense = sketch::EMPTY.to_vec();
    sketch::make_dense(&mut dense)?;
    for _ in 0..REGISTER_ROUNDS {
        let ranks: Vec<u8> = (0..REGISTERS).map(|_| fastrand::u8(..64)).collect();
        ranks.iter().enumerate().for_each(|(register, rank)| sketch::set_dense_register(&mut dense, register, *rank));
        for (register, (wanted, rank)) in ranks.iter().zip(sketch::dense_registers(&dense)).enumerate() {
            if *wanted != rank {
                let line = format!("ERR TESTFAILED Register {register} should be {wanted} but is {rank}");
                return Err(Error::Text(line));
            }
        }
    }
    Ok(())
}

fn estimates_are_near(sparse_bytes_max: u64) -> Outcome {
    let (mut sparse, mut dense) = (sketch::EMPTY.to_vec(), sketch::EMPTY.to_vec());
    sketch::make_dense(&mut dense)?;
    let seed = fastrand::u64(..);
    let mut checkpoint = 1;
    for number in 1..=ELEMENTS {
        let element = (number ^ seed).to_le_bytes();
        sketch::add(&mut dense, &element, sparse_bytes_max)?;
        sketch::add(&mut sparse, &element, sparse_bytes_max)?;
        if number < checkpoint {
            continue;
        }
        if number < sparse_bytes_max / 2 && sketch::encoding(&sparse) != Some(Encoding::Sparse) {
            return Err(Error::Static("ERR TESTFAILED sparse encoding not used"));
        }
        let count = estimate::count(&sketch::histogram(&dense)?);
        if count != estimate::count(&sketch::histogram(&sparse)?) {
            return Err(Error::Static("ERR TESTFAILED dense/sparse disagree"));
        }
        // Six times the standard error; of ten elements, two may meet in a register.
        let bound = if number == 10 { 1 } else { (1.04 / 128.0 * 6.0 * number as f64).ceil() as u64 };
        if count.abs_diff(number) > bound {
            let error = count.abs_diff(number);
            return Err(Error::Text(format!("ERR TESTFAILED Too big error. card:{number} abserr:{error}")));
        }
        checkpoint *= 10;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn pfdebug_shows_what_is_inside() {
        let mut session = Session::default();
        assert_eq!(session.run("PFDEBUG ENCODING h"), "-ERR The specified key does not exist");
        session.run("PFADD h a");
        assert_eq!(session.run("PFDEBUG ENCODING h"), "+sparse");
        assert_eq!(session.run("PFDEBUG nosuch h"), "-ERR Unknown PFDEBUG subcommand 'nosuch'");
        let registers = session.run("PFDEBUG GETREG h");
        assert!(registers.starts_with("*16384 :0 "));
        assert_eq!(registers.matches(":0").count(), 16383);
        assert_eq!(session.run("PFDEBUG encoding h"), "+dense");
        assert_eq!(session.run("PFDEBUG TODENSE h"), ":0");
        assert_eq!(session.run("PFDEBUG DECODE h"), "-ERR HLL encoding is not sparse");
        session.run("PFADD g a");
        assert_eq!(session.run("PFDEBUG TODENSE g"), ":1");
    }

    #[test]
    fn the_self_test_passes() {
        assert_eq!(Session::default().run("PFSELFTEST"), "+OK");
    }
}
