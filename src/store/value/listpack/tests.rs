//! Listpacks against bytes the reference writes, and against a `Vec<Vec<u8>>` under random changes.

use super::*;

fn pack(values: &[&[u8]]) -> Listpack {
    let mut lp = Listpack::new();
    lp.append(values.iter().copied());
    lp
}

fn texts(lp: &Listpack) -> Vec<Vec<u8>> {
    lp.iter().map(|elem| elem.to_vec()).collect()
}

/// The bytes of the one element that `value` becomes.
fn entry(value: &[u8]) -> Vec<u8> {
    let lp = pack(&[value]);
    lp.as_bytes()[HEADER_BYTES..lp.byte_len() - 1].to_vec()
}

#[test]
fn empty_listpack_is_seven_bytes_and_owns_no_memory() {
    let lp = Listpack::new();
    assert_eq!((lp.as_bytes(), lp.byte_len(), lp.len(), lp.capacity_bytes()), (&EMPTY[..], 7, 0, 0));
    assert!(lp.is_empty() && lp.first().is_none() && lp.last().is_none() && lp.get(0).is_none());
    assert_eq!(validate(lp.as_bytes()), Ok(()));
}

#[test]
fn every_encoding_has_the_bytes_of_the_format() {
    assert_eq!(entry(b"0"), [0, 1]);
    assert_eq!(entry(b"127"), [0x7F, 1]);
    assert_eq!(entry(b"128"), [0xC0, 0x80, 2]);
    assert_eq!(entry(b"4095"), [0xCF, 0xFF, 2]);
    assert_eq!(entry(b"-1"), [0xDF, 0xFF, 2]);
    assert_eq!(entry(b"-4096"), [0xD0, 0x00, 2]);
    assert_eq!(entry(b"4096"), [0xF1, 0x00, 0x10, 3]);
    assert_eq!(entry(b"-32768"), [0xF1, 0x00, 0x80, 3]);
    assert_eq!(entry(b"32768"), [0xF2, 0x00, 0x80, 0x00, 4]);
    assert_eq!(entry(b"8388608"), [0xF3, 0x00, 0x00, 0x80, 0x00, 5]);
    assert_eq!(entry(b"2147483648"), [0xF4, 0, 0, 0, 0x80, 0, 0, 0, 0, 9]);
    assert_eq!(entry(b""), [0x80, 1]);
    assert_eq!(entry(b"ab"), [0x82, b'a', b'b', 3]);
    assert_eq!(entry(&[b'x'; 64])[..2], [0xE0, 64]);
    assert_eq!(entry(&[b'x'; 4095])[..2], [0xEF, 0xFF]);
    assert_eq!(entry(&[b'x'; 4096])[..5], [0xF0, 0, 0x10, 0, 0]);
    // A body of 16,383 bytes already takes three bytes of back length.
    assert_eq!(entry(&vec![b'x'; 16_377])[16_382..], [0x7F, 0x80 | 0x7E]);
    assert_eq!(entry(&vec![b'x'; 16_378])[16_383..], [0, 0xFF, 0xFF]);
}

#[test]
fn numbers_are_told_from_text_by_how_they_print() {
    for n in [0, 1, -1, 127, 128, -4097, 1 << 40, i64::MAX, i64::MIN] {
        assert_eq!(integer(n.to_string().as_bytes()), Some(n));
    }
    for text in ["", "-", "-0", "00", "01", "+1", " 1", "1 ", "1a", "9223372036854775808", "-9223372036854775809"] {
        assert_eq!(integer(text.as_bytes()), None, "{text}");
    }
    assert_eq!(integer(b"99999999999999999999"), None);
}

#[test]
fn elements_compare_and_print_as_their_text() {
    let mut buf = [0; 20];
    assert_eq!(Elem::Int(i64::MIN).as_bytes(&mut buf), b"-9223372036854775808");
    assert_eq!((Elem::Int(-12).len(), Elem::Bytes(b"abc").len()), (3, 3));
    assert!(Elem::Int(12).eq_bytes(b"12") && !Elem::Int(12).eq_bytes(b"012") && Elem::Bytes(b"012").eq_bytes(b"012"));
    let mut out = b"<".to_vec();
    Elem::Int(7).write_to(&mut out);
    assert_eq!(out, b"<7");
}

#[test]
fn pairs_are_found_by_key_and_changed_in_place() {
    let mut lp = pack(&[b"f", b"g", b"g", b"1", b"9", b"x"]);
    let first = lp.first().unwrap();
    let g = lp.find(b"g", first, 2).unwrap();
    assert_eq!(Some(g), lp.seek(2));
    assert_eq!(lp.find(b"x", first, 2), None);
    let value = lp.next(g).unwrap();
    lp.replace(value, &[b'v'; 100]);
    assert_eq!(lp.get(3).unwrap(), Elem::Bytes(&[b'v'; 100]));
    let nine = lp.find(b"9", g, 2).unwrap();
    assert_eq!(lp.remove_many(nine, 2), None);
    assert_eq!(lp.remove_many(first, 2), Some(first));
    assert_eq!(texts(&lp), [b"g".to_vec(), vec![b'v'; 100]]);
}

#[test]
fn count_is_walked_past_65534_elements_and_known_again_below() {
    let mut lp = Listpack::new();
    for i in 0..70_000u32 {
        lp.push_back_elem(Elem::Int(i64::from(i % 100)));
    }
    assert_eq!((lp.len(), lp.count()), (70_000, COUNT_UNKNOWN));
    assert_eq!(lp.get(69_999), Some(Elem::Int(99)));
    assert_eq!(lp.seek(70_000), None);
    assert_eq!(lp.remove_range(10, 60_000), 60_000);
    assert_eq!((lp.len(), lp.count()), (10_000, 10_000));
    assert_eq!(validate(lp.as_bytes()), Ok(()));
}

#[test]
fn memory_follows_the_bytes_both_ways() {
    let mut lp = Listpack::new();
    for _ in 0..1000 {
        lp.push_back(b"element");
        assert!(lp.capacity_bytes() <= lp.byte_len() * 5 / 4 + 16, "{} of {}", lp.byte_len(), lp.capacity_bytes());
    }
    let mut all = lp.clone();
    all.remove_range(0, 1000);
    assert_eq!(all.capacity_bytes(), 0);
    lp.remove_range(10, 990);
    assert!(lp.capacity_bytes() <= 112, "{}", lp.capacity_bytes());
    // A small buffer keeps its room.
    lp.remove_range(0, 10);
    assert!(lp.is_empty() && lp.capacity_bytes() > 0);
}

#[test]
fn lent_bytes_are_read_where_they_are_and_copied_to_be_changed() {
    static BYTES: [u8; 11] = [11, 0, 0, 0, 2, 0, 1, 1, 2, 1, END];
    let mut lp = Listpack::over(Block::lent(&BYTES));
    assert_eq!((lp.iter().collect::<Vec<_>>(), lp.capacity_bytes()), (vec![Elem::Int(1), Elem::Int(2)], 0));
    assert!(lp.clone().capacity_bytes() > 0);
    lp.push_back(b"3");
    lp.remove_range(0, 1);
    assert_eq!(lp.iter().collect::<Vec<_>>(), [Elem::Int(2), Elem::Int(3)]);
    assert_eq!(BYTES[8], 2);
}

#[test]
fn size_classes_are_the_allocators() {
    let classes =
        [(1, 16), (16, 16), (17, 32), (128, 128), (129, 160), (160, 160), (161, 192), (257, 320), (4097, 5120)];
    for (bytes, class) in classes {
        assert_eq!(size_class(bytes), class, "{bytes}");
    }
}

#[test]
fn damaged_bytes_are_refused_and_never_panic() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let long = vec![b'z'; 5000];
    let good = pack(&[b"abc", b"5", b"-3000", b"70000", b"123456789012", &[b'q'; 200], &long, b""]);
    assert_eq!(Listpack::from_bytes(good.as_bytes().to_vec()), Ok(good.clone()));
    for cut in 0..good.byte_len() {
        assert_eq!(validate(&good.as_bytes()[..cut]), Err(Corrupt), "{cut}");
    }
    let mut accepted = 0;
    for _ in 0..20_000 {
        let mut bytes = good.as_bytes().to_vec();
        for _ in 0..rng.usize(1..4) {
            // Mostly in the short elements, where the structure is.
            let at = if rng.bool() { rng.usize(..60) } else { rng.usize(..bytes.len()) };
            bytes[at] = rng.u8(..);
        }
        if let Ok(lp) = Listpack::from_bytes(bytes) {
            accepted += 1;
            assert_eq!(lp.iter().count(), lp.len());
            assert_eq!(lp.iter().rev().count(), lp.len());
        }
    }
    assert!(accepted < 20_000);
}

fn random_value(rng: &mut fastrand::Rng) -> Vec<u8> {
    match rng.u8(..10) {
        0..3 => rng.i64(-200..200).to_string().into_bytes(),
        3 => (rng.i64(..) >> rng.u32(..64)).to_string().into_bytes(),
        4 => (0..rng.usize(..300)).map(|_| rng.u8(..)).collect(),
        5 if rng.u8(..20) == 0 => vec![b'L'; rng.usize(4000..20_000)],
        _ => (0..rng.usize(..4)).map(|_| rng.u8(b'a'..b'e')).collect(),
    }
}

#[test]
fn random_changes_match_a_vector_of_values() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..60 {
        let (mut lp, mut model) = (Listpack::new(), Vec::<Vec<u8>>::new());
        for _ in 0..150 {
            let value = random_value(&mut rng);
            let index = rng.usize(..=model.len());
            let pos = lp.seek(index);
            assert_eq!(pos.is_some(), index < model.len());
            match (rng.u8(..10), pos) {
                (0, _) | (_, None) => {
                    lp.push_back(&value);
                    model.push(value);
                }
                (1, _) => {
                    lp.push_front(&value);
                    model.insert(0, value);
                }
                (2, Some(pos)) => {
                    assert_eq!(lp.insert_before(pos, &value), pos);
                    model.insert(index, value);
                }
                (3, Some(pos)) => {
                    let new = lp.insert_after(pos, &value);
                    assert!(lp.at(new).eq_bytes(&value));
                    model.insert(index + 1, value);
                }
                (4, Some(pos)) => {
                    lp.replace(pos, &value);
                    model[index] = value;
                }
                (5, Some(pos)) => {
                    assert_eq!(lp.remove(pos).is_some(), index + 1 < model.len());
                    model.remove(index);
                }
                (6, _) => {
                    let count = rng.usize(..4);
                    let removed = model.drain(index..(index + count).min(model.len())).count();
                    assert_eq!(lp.remove_range(index, count), removed);
                }
                (7, Some(pos)) => {
                    let tail = lp.split_off(pos);
                    assert_eq!(texts(&tail), model[index..]);
                    assert_eq!(validate(tail.as_bytes()), Ok(()));
                    assert_eq!(texts(&lp), model[..index]);
                    lp.append_listpack(&tail);
                }
                (8, Some(pos)) => {
                    assert_eq!(lp.iter_from(pos).count(), model.len() - index);
                    assert_eq!(lp.iter_until(pos).rev().count(), index + 1);
                    let before = model.len();
                    model.retain(|own| *own != value);
                    assert_eq!(lp.retain(|elem| !elem.eq_bytes(&value)), before - model.len());
                }
                (_, Some(_)) => {
                    let step = rng.usize(1..4);
                    let found = lp.find(&value, lp.first().unwrap(), step);
                    let expected = (0..model.len()).step_by(step).find(|i| model[*i] == value);
                    assert_eq!(found, expected.and_then(|i| lp.seek(i)));
                }
            }
            assert_eq!(validate(lp.as_bytes()), Ok(()));
            assert_eq!(lp.len(), model.len());
        }
        assert_eq!(texts(&lp), model);
        let backwards: Vec<_> = lp.iter().rev().map(|elem| elem.to_vec()).collect();
        assert!(backwards.iter().eq(model.iter().rev()));
    }
}
