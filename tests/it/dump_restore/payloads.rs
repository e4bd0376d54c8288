//! Sound payloads: the same as the reference's, and read by either side.

use super::{Side, random, rounds, values};

#[test]
fn values_are_dumped_as_the_reference_does_and_travel_both_ways() {
    let mut random = random();
    let (mut ours, mut reference) = (Side::ours(), Side::reference());
    let mut compared = 0;
    for round in 0..rounds() {
        let made = values::any(&mut random, "k");
        ours.run("FLUSHALL");
        ours.make(&made);
        reference.run("FLUSHALL");
        reference.make(&made);
        let (own, other) = (ours.dump(b"k"), reference.dump(b"k"));
        if made.is_ordered {
            compared += 1;
            let first = &made.requests[0];
            let what = || format!("round {round}: {} with {} words", first[0].escape_ascii(), first.len());
            assert_eq!(own.escape_ascii().to_string(), other.escape_ascii().to_string(), "{}", what());
        }
        assert_eq!(ours.ask(&[b"RESTORE", b"r", b"0", &other]), b"+OK\r\n");
        assert_eq!(reference.ask(&[b"RESTORE", b"r", b"0", &own]), b"+OK\r\n");
        let expected = reference.look("k");
        for look in [ours.look("k"), ours.look("r"), reference.look("r")] {
            assert_eq!(look, expected, "round {round}");
        }
    }
    assert!(compared > rounds() / 4);
}

#[test]
fn without_compression_too() {
    let mut random = random();
    let (mut ours, mut reference) = (Side::ours(), Side::reference());
    for side in [&mut ours, &mut reference] {
        assert_eq!(side.run("CONFIG SET rdbcompression no"), "+OK\r\n");
    }
    for _ in 0..rounds() / 4 {
        let text = values::text(&mut random, 5000);
        for side in [&mut ours, &mut reference] {
            side.ask(&[b"SET", b"k", &text]);
        }
        assert_eq!(ours.dump(b"k"), reference.dump(b"k"));
    }
}

/// What the limits make of a value when it is read, not when it was made, is what it is kept as.
#[test]
fn a_restored_value_is_kept_by_the_limits_of_its_new_place() {
    let mut random = random();
    let (mut ours, mut reference) = (Side::ours(), Side::reference());
    for _ in 0..rounds() / 4 {
        let made = values::any(&mut random, "k");
        reference.run("FLUSHALL");
        reference.make(&made);
        let payload = reference.dump(b"k");
        let limits = [
            format!("hash-max-listpack-entries {}", random.usize(0..30)),
            format!("hash-max-listpack-value {}", random.usize(0..100)),
            format!("zset-max-listpack-entries {}", random.usize(0..30)),
            format!("zset-max-listpack-value {}", random.usize(0..100)),
            format!("set-max-intset-entries {}", random.usize(0..30)),
        ];
        for side in [&mut ours, &mut reference] {
            for limit in &limits {
                assert_eq!(side.run(&format!("CONFIG SET {limit}")), "+OK\r\n");
            }
            assert_eq!(side.ask(&[b"RESTORE", b"r", b"0", &payload, b"REPLACE"]), b"+OK\r\n");
        }
        assert_eq!(ours.look("r"), reference.look("r"), "{limits:?}");
        for limit in ["hash-max-listpack-entries 512", "hash-max-listpack-value 64", "set-max-intset-entries 512"] {
            reference.run(&format!("CONFIG SET {limit}"));
        }
    }
}
