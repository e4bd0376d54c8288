use super::*;
use std::collections::{HashMap, HashSet};

/// Whatever holds between operations.
fn check(members: &Members<u64>) {
    let mut len = 0;
    let mut at_depth = [0; DEPTH_MAX as usize + 1];
    for number in 0..members.segments() as u32 {
        let segment = members.segment(number);
        at_depth[usize::from(segment.depth)] += 1;
        len += segment.len();
        let entries = members.directory.iter().filter(|entry| **entry == number).count();
        assert_eq!(entries, 1 << (members.depth - u32::from(segment.depth)));
        for hash in &segment.hashes[..segment.len()] {
            assert_eq!(members.segment_of(*hash), number);
        }
        assert_eq!(members.segment_of(segment.prefix), number);
    }
    assert_eq!((len, at_depth), (members.len(), members.at_depth));
    assert_eq!(members.directory.len(), 1 << members.depth);
    assert!(members.pages.iter().rev().skip(1).all(|page| page.len() == PAGE_SEGMENTS));
}

fn hash(number: u64) -> u32 {
    hash_of(&number.to_le_bytes())
}

fn find(members: &Members<u64>, number: u64) -> Option<Place> {
    members.find(hash(number), |own| *own == number)
}

#[test]
fn growing_and_shrinking_agree_with_a_hash_set() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut members, mut model) = (Members::with_capacity(random.usize(0..300)), HashSet::new());
    for step in 0..60_001u32 {
        let growing = step / 10_000 % 2 == 0;
        let number = random.u64(0..20_000);
        match find(&members, number) {
            Some(place) => {
                assert!(model.contains(&number) && *members.at(place) == number);
                if !growing || random.u8(..4) == 0 {
                    assert_eq!(members.remove(place), number);
                    model.remove(&number);
                }
            }
            None => {
                assert!(!model.contains(&number));
                if growing {
                    members.insert(hash(number), number);
                    model.insert(number);
                }
            }
        }
        if step % 5000 == 0 {
            check(&members);
            assert_eq!(members.iter().copied().collect::<HashSet<_>>(), model);
            assert_eq!(members.iter().count(), model.len());
        }
    }
    while let Some(place) = members.random() {
        assert!(model.remove(&members.remove(place)));
    }
    check(&members);
    assert!(model.is_empty() && members.places() <= 4 * SEGMENT_MAX && members.directory.len() <= 16);
}

#[test]
fn a_scan_shows_what_stays_exactly_once_while_others_come_and_go() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..60 {
        let mut members = Members::default();
        let stay = random.u64(1..400);
        (0..stay).for_each(|number| members.insert(hash(number), number));
        let mut seen: HashMap<u64, u32> = HashMap::new();
        let mut cursor = 0;
        loop {
            cursor = members.scan(cursor, random.usize(0..20), |number| *seen.entry(*number).or_default() += 1);
            if cursor == 0 {
                break;
            }
            let grow = random.bool();
            for _ in 0..random.u32(0..300) {
                let number = random.u64(stay..stay + 2000);
                match find(&members, number) {
                    None if grow => members.insert(hash(number), number),
                    Some(place) if !grow => _ = members.remove(place),
                    _ => {}
                }
            }
        }
        assert!((0..stay).all(|number| seen.get(&number) == Some(&1)));
        check(&members);
    }
}

#[test]
fn a_cursor_that_no_scan_gave_ends_or_goes_on() {
    let mut members = Members::default();
    (0..100).for_each(|number| members.insert(hash(number), number));
    assert_eq!(members.scan(u64::MAX, 10, |_| panic!("no record is that far")), 0);
    let mut shown = 0;
    assert_eq!(members.scan(1 << 31, 1000, |_| shown += 1), 0);
    assert!(shown < 100);
}

#[test]
fn every_record_is_drawn_equally_often() {
    let mut members = Members::default();
    (0..200).for_each(|number| members.insert(hash(number), number));
    (0..120).for_each(|number| _ = members.remove(find(&members, number).unwrap()));
    let rounds = 80_000;
    let mut hits = [0u32; 80];
    for _ in 0..rounds {
        hits[*members.at(members.random().unwrap()) as usize - 120] += 1;
    }
    let mut drawn = [0u32; 80];
    for _ in 0..rounds / 8 {
        members.random_distinct(8, |number| drawn[*number as usize - 120] += 1);
    }
    let expected = f64::from(rounds) / 80.0;
    // Seven standard deviations: fails once in 10^9 runs.
    let bound = 7.0 * expected.sqrt();
    for count in hits.into_iter().chain(drawn) {
        assert!((f64::from(count) - expected).abs() < bound, "{hits:?} {drawn:?}");
    }
}

#[test]
fn distinct_draws_are_distinct() {
    let mut members = Members::default();
    (0..100).for_each(|number| members.insert(hash(number), number));
    for count in [0, 1, 10, 33, 34, 99, 100, 200] {
        let mut drawn = HashSet::new();
        members.random_distinct(count, |number| assert!(drawn.insert(*number)));
        assert_eq!(drawn.len(), count.min(100));
    }
}

#[test]
fn hashes_that_begin_alike_split_as_deep_as_it_takes() {
    let mut members = Members::default();
    (0..40u64).for_each(|number| members.insert((number << 12) as u32, number));
    check(&members);
    assert_eq!((members.depth, members.len()), (15, 40));
    (0..40).for_each(|number| _ = members.remove(members.find((number << 12) as u32, |own| *own == number).unwrap()));
    check(&members);
    assert!(members.depth <= 2);
}
