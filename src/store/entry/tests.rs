use super::*;
use crate::store::Kind;
use crate::store::value::intset::IntSet;
use crate::store::value::list::List;

#[test]
fn an_entry_gives_back_what_it_was_built_from() {
    let long = vec![b'k'; 70_000];
    let big = vec![b'v'; 100_000];
    for key in [&b""[..], b"k", &long] {
        for expiry in [None, Some(1_234_567_890_123), Some(i64::MAX)] {
            let entry = Entry::bytes(key, b"value", expiry);
            assert_eq!((entry.key(), entry.as_str(), entry.expiry_ms()), (key, Some(Str::Bytes(b"value")), expiry));
            let entry = Entry::int(key, -5, expiry);
            assert_eq!((entry.key(), entry.as_str(), entry.expiry_ms()), (key, Some(Str::Int(-5)), expiry));
            let entry = Entry::bytes(key, &big, expiry);
            assert_eq!((entry.key(), entry.as_str(), entry.expiry_ms()), (key, Some(Str::Bytes(&big)), expiry));
            let entry = Entry::object(key, Object::List(List::default()), expiry);
            assert_eq!((entry.key(), entry.kind(), entry.expiry_ms()), (key, Kind::List, expiry));
            let copy = entry.copy_as(b"other");
            assert_eq!((copy.key(), copy.kind(), copy.expiry_ms()), (&b"other"[..], Kind::List, expiry));
            let renamed = entry.renamed(b"third");
            assert_eq!((renamed.key(), renamed.kind(), renamed.expiry_ms()), (&b"third"[..], Kind::List, expiry));
        }
    }
}

#[test]
fn a_long_string_is_held_by_its_entry_and_whoever_sends_it() {
    let mut entry = Entry::bytes(b"key", &[b'a'; SHARED_BYTES_MIN], None);
    let place = |entry: &Entry| entry.as_shared().map(|shared| shared.as_ptr());
    let before = place(&entry);
    entry.set_bytes(&[b'b'; SHARED_BYTES_MIN], Some(1));
    assert_eq!((place(&entry), entry.expiry_ms()), (before, Some(1)), "overwritten in place");
    let held = entry.as_shared().unwrap();
    entry.as_raw_mut().unwrap()[0] = b'c';
    assert_ne!(place(&entry), before, "while it is held, a copy is changed");
    assert_eq!((held[0], entry.as_shared().unwrap()[0]), (b'b', b'c'));
    let shared = entry.as_shared().unwrap();
    assert_eq!(Arc::strong_count(&held), 1);
    drop(entry);
    assert_eq!((Arc::strong_count(&shared), shared.len()), (1, SHARED_BYTES_MIN));
    assert_eq!(Entry::bytes(b"", &[0; SHARED_BYTES_MIN - 1], None).as_shared(), None);
}

#[test]
fn random_changes_leave_the_last_value_and_expiry() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..200 {
        let key: Vec<u8> = (0..random.usize(0..40)).map(|_| random.u8(..)).collect();
        let mut entry = Entry::int(&key, 7, None);
        let mut value = b"7".to_vec();
        let mut expiry = None;
        for _ in 0..50 {
            let held = entry.as_shared().map(|held| (held, value.clone()));
            match random.u8(0..7) {
                0 => {
                    value = vec![random.u8(..); random.usize(0..200)];
                    expiry = random.bool().then(|| random.i64(..));
                    entry.set_bytes(&value, expiry);
                }
                1 => {
                    let number = random.i64(..);
                    value = number.to_string().into_bytes();
                    expiry = random.bool().then(|| random.i64(..));
                    entry.set_int(number, expiry);
                }
                2 => {
                    expiry = random.bool().then(|| random.i64(..));
                    entry.set_expiry_ms(expiry);
                }
                3 => {
                    entry.as_raw_mut().unwrap().push(b'x');
                    value.push(b'x');
                }
                4 => entry.set_access(random.u32(..) & 0xFF_FFFF),
                5 => {
                    value = vec![b's'; random.usize(0..40_000)];
                    entry.set_shared(Arc::new(value.clone()), expiry);
                }
                _ => {
                    value = vec![b'b'; SHARED_BYTES_MIN - 20 + random.usize(..40)];
                    entry.set_bytes(&value, expiry);
                }
            }
            if let Some((held, before)) = held {
                assert_eq!(*held, before, "seed {seed}: what a reply still sends was changed");
            }
            assert_eq!(entry.key(), key, "seed {seed}");
            assert_eq!(entry.as_str().unwrap().to_vec(), value, "seed {seed}");
            assert_eq!(entry.expiry_ms(), expiry, "seed {seed}");
        }
    }
}

#[test]
fn every_packing_has_its_form_and_type() {
    for packing in Packing::ALL {
        assert_eq!(Packing::ALL[packing as usize], packing);
        let integers = IntSet::new();
        let bytes = if packing == Packing::Integers { integers.as_bytes() } else { &[7, 0, 0, 0, 0, 0, 255] };
        let entry = Entry::build(b"key", Some(5), Payload::Bytes(PACKED + packing as u8, bytes), 0);
        assert_eq!((entry.packing(), entry.kind(), entry.as_str()), (Some(packing), packing.kind(), None));
        assert_eq!(entry.as_object().map(|object| object.kind()), Some(packing.kind()));
        assert_eq!((entry.key(), entry.expiry_ms()), (&b"key"[..], Some(5)));
    }
    assert_eq!(Entry::bytes(b"key", b"value", None).packing(), None);
    assert_eq!(Entry::int(b"key", 1, None).packing(), None);
}
