//! Sorted sets against a model: a map of scores and a sorted vector.

use std::collections::HashMap;

use super::*;

fn limits() -> Limits {
    Limits::default()
}

fn all(set: &SortedSet) -> Vec<(Vec<u8>, f64)> {
    set.iter().map(|(member, score)| (member.to_vec(), score)).collect()
}

fn sorted(model: &HashMap<Vec<u8>, f64>) -> Vec<(Vec<u8>, f64)> {
    let mut out: Vec<_> = model.iter().map(|(member, score)| (member.clone(), *score)).collect();
    out.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap().then_with(|| a.0.cmp(&b.0)));
    out
}

fn random_score(rng: &mut fastrand::Rng) -> f64 {
    match rng.u8(..20) {
        0 => f64::INFINITY,
        1 => f64::NEG_INFINITY,
        2 => 0.0,
        3 => -0.0,
        4..8 => rng.f64() * 100.0 - 50.0,
        8 => 1e300 * rng.f64(),
        _ => rng.i32(-30..30) as f64,
    }
}

fn random_member(rng: &mut fastrand::Rng, kinds: u32) -> Vec<u8> {
    let n = rng.u32(..kinds);
    match n % 4 {
        0 => n.to_string().into_bytes(),
        1 => vec![n as u8, (n >> 8) as u8, 0xFF],
        2 => format!("-{n}").into_bytes(),
        _ => format!("member:{n}").into_bytes(),
    }
}

fn compare(set: &SortedSet, model: &HashMap<Vec<u8>, f64>, rng: &mut fastrand::Rng) {
    let sorted = sorted(model);
    assert_eq!(set.len(), sorted.len());
    assert_eq!(all(set), sorted);
    let mut back: Vec<_> = set.iter().rev().map(|(member, score)| (member.to_vec(), score)).collect();
    back.reverse();
    assert_eq!(back, sorted);
    for (rank, (member, score)) in sorted.iter().enumerate() {
        assert_eq!(set.rank(member), Some((rank, *score)));
        assert_eq!(set.score(member), Some(*score));
    }
    for _ in 0..20 {
        let (start, end) = (rng.usize(..=sorted.len()), rng.usize(..=sorted.len() + 3));
        let want: Vec<_> = sorted.iter().take(end).skip(start).cloned().collect();
        let got: Vec<_> = set.range(start..end).map(|(member, score)| (member.to_vec(), score)).collect();
        assert_eq!(got, want);
        let got: Vec<_> = set.range(start..end).rev().map(|(member, score)| (member.to_vec(), score)).collect();
        assert_eq!(got, want.into_iter().rev().collect::<Vec<_>>());
        assert_eq!(set.get(start).map(|(member, _)| member.to_vec()), sorted.get(start).map(|(m, _)| m.clone()));

        let range = ScoreRange {
            min: random_score(rng),
            max: random_score(rng),
            min_exclusive: rng.bool(),
            max_exclusive: rng.bool(),
        };
        let inside = |score: f64| !range.is_below(score) && range.is_not_above(score);
        let want: Vec<_> = sorted.iter().filter(|(_, score)| inside(*score)).cloned().collect();
        let ranks = set.ranks_by_score(&range);
        assert_eq!(ranks.len(), want.len(), "{range:?}");
        assert_eq!(set.range(ranks).map(|(member, score)| (member.to_vec(), score)).collect::<Vec<_>>(), want);
    }
}

#[test]
fn random_changes_match_a_model() {
    for round in 0..12 {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let (mut set, mut model) = (SortedSet::new(), HashMap::new());
        let kinds = [20, 100, 200, 3_000][round % 4];
        for step in 0..8_000 {
            let member = random_member(&mut rng, kinds);
            match rng.u8(..10) {
                0..6 => {
                    let score = random_score(&mut rng);
                    // Equal zeros: the first sign stays.
                    let old = model.get(&member).copied();
                    assert_eq!(set.insert(&member, score, &limits()), old);
                    if old != Some(score) {
                        model.insert(member, score);
                    }
                }
                6..9 => assert_eq!(set.remove(&member), model.remove(&member)),
                _ if rng.u8(..8) == 0 => {
                    let order = sorted(&model);
                    let start = rng.usize(..=order.len());
                    let end = (start + rng.usize(..20)).min(order.len());
                    let mut gone = Vec::new();
                    set.remove_ranks(start..end, |member, score| gone.push((member.to_vec(), score)));
                    assert_eq!(gone, order[start..end]);
                    for (member, _) in &gone {
                        model.remove(member);
                    }
                }
                _ => assert_eq!(set.score(&member), model.get(&member).copied()),
            }
            if step % 1_000 == 999 {
                compare(&set, &model, &mut rng);
            }
        }
        for (member, score) in sorted(&model) {
            assert_eq!(set.remove(&member), Some(score));
        }
        assert!(set.is_empty());
    }
}

#[test]
fn a_set_made_of_sorted_members_equals_one_of_inserts() {
    for members in [0, 5, 128, 129, 3_000] {
        for longest in [10, 70] {
            let mut one_by_one = SortedSet::new();
            for n in 0..members {
                let member = format!("{n:0width$}", width = if n == members / 2 { longest } else { 6 });
                one_by_one.insert(member.as_bytes(), (n / 3) as f64, &limits());
            }
            let made = SortedSet::from_sorted(members, one_by_one.iter(), &limits());
            assert_eq!(all(&made), all(&one_by_one));
            assert_eq!(made.encoding(), one_by_one.encoding());
            assert!(made.iter().all(|(member, _)| made.rank(&member.to_vec()).is_some()));
        }
    }
}

#[test]
fn lexical_ranges_match_a_filter() {
    for members in [50, 1_000] {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let (mut set, mut model) = (SortedSet::new(), HashMap::new());
        for _ in 0..members {
            let member = random_member(&mut rng, 5_000);
            set.insert(&member, 0.0, &limits());
            model.insert(member, 0.0);
        }
        let order = sorted(&model);
        for _ in 0..500 {
            let (a, b) = (random_member(&mut rng, 5_000), random_member(&mut rng, 5_000));
            let bound = |rng: &mut fastrand::Rng, member| match rng.u8(..8) {
                0 => LexBound::Lowest,
                1 => LexBound::Highest,
                2..5 => LexBound::Inclusive(member),
                _ => LexBound::Exclusive(member),
            };
            let range = LexRange { min: bound(&mut rng, &a), max: bound(&mut rng, &b) };
            let want: Vec<_> = order
                .iter()
                .filter(|(member, _)| !range.is_below(member) && range.is_not_above(member))
                .cloned()
                .collect();
            let ranks = set.ranks_by_lex(&range);
            let got: Vec<_> = set.range(ranks).map(|(member, score)| (member.to_vec(), score)).collect();
            assert_eq!(got, want, "{range:?}");
        }
    }
}

#[test]
fn a_set_is_packed_up_to_both_limits_and_never_again() {
    let limits = Limits { sorted_set_entries_max: 3, sorted_set_value_bytes_max: 5, ..Limits::default() };
    let mut set = SortedSet::new();
    for member in ["a", "b", "12345"] {
        set.insert(member.as_bytes(), 1.0, &limits);
    }
    assert_eq!(set.encoding(), "listpack");
    set.insert(b"a", 9.0, &limits);
    assert_eq!(set.encoding(), "listpack");
    set.insert(b"d", 1.0, &limits);
    assert_eq!(set.encoding(), "skiplist");
    for member in ["a", "b", "d"] {
        set.remove(member.as_bytes());
    }
    assert_eq!((set.encoding(), set.len()), ("skiplist", 1));

    let mut set = SortedSet::new();
    set.insert(b"123456", 1.0, &limits);
    assert_eq!(set.encoding(), "skiplist");
}

#[test]
fn packed_scores_are_stored_as_the_reference_stores_them() {
    let mut set = SortedSet::new();
    for (member, score) in
        [("a", -0.0), ("b", 0.1), ("c", 3.0), ("d", 1e20), ("e", f64::INFINITY), ("f", f64::NEG_INFINITY), ("7", 1e15)]
    {
        set.insert(member.as_bytes(), score, &limits());
    }
    let text = |bytes: &'static [u8]| Elem::Bytes(bytes);
    let elems: Vec<_> = set.packed().unwrap().iter().collect();
    let want = [
        (text(b"f"), text(b"-inf")),
        (text(b"a"), Elem::Int(0)),
        (text(b"b"), text(b"0.10000000000000001")),
        (text(b"c"), Elem::Int(3)),
        (Elem::Int(7), Elem::Int(1_000_000_000_000_000)),
        (text(b"d"), text(b"1e+20")),
        (text(b"e"), text(b"inf")),
    ];
    assert_eq!(elems, want.into_iter().flat_map(|(member, score)| [member, score]).collect::<Vec<_>>());
    set.insert(b"large", 123_456_789_012_345_678.0, &limits());
    assert!(set.packed().unwrap().iter().any(|elem| elem == Elem::Int(123_456_789_012_345_680)));
    assert_eq!(set.stored_integer(2f64.powi(63)), None);
    assert_eq!(set.stored_integer(0.5), None);
}

#[test]
fn an_upsert_can_refuse() {
    let mut set = SortedSet::new();
    assert_eq!(set.upsert(b"m", &limits(), |old| old.map(|old| old + 1.0)), None);
    assert!(set.is_empty());
    set.insert(b"m", 1.0, &limits());
    assert_eq!(set.upsert(b"m", &limits(), |old| old.map(|old| old + 1.0)), Some(1.0));
    assert_eq!(set.score(b"m"), Some(2.0));
}

#[test]
fn a_scan_shows_every_member_that_stays() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut set = SortedSet::new();
    for n in 0..2_000 {
        set.insert(format!("stays:{n}").as_bytes(), n as f64, &limits());
        set.insert(format!("goes:{n}").as_bytes(), n as f64, &limits());
    }
    let (mut cursor, mut seen, mut calls) = (0, HashMap::new(), 0);
    loop {
        let mut shown = 0;
        cursor = set.scan(cursor, 10, |member, score| {
            shown += 1;
            seen.insert(member.to_vec(), score);
        });
        assert!(shown <= 10);
        calls += 1;
        for _ in 0..20 {
            set.remove(format!("goes:{}", rng.u32(..2_000)).as_bytes());
            set.insert(format!("new:{}", rng.u32(..500)).as_bytes(), 1.0, &limits());
            set.insert(format!("stays:{}", rng.u32(..2_000)).as_bytes(), rng.f64(), &limits());
        }
        if cursor == 0 {
            break;
        }
    }
    assert!(calls > 100);
    for n in 0..2_000 {
        assert!(seen.contains_key(format!("stays:{n}").as_bytes()), "stays:{n}");
    }
    assert_eq!(set.scan(u64::MAX, 10, |_, _| panic!("nothing is there")), 0);
}

#[test]
fn memory_follows_members_up_and_down() {
    let mut set = SortedSet::new();
    for n in 0..50_000 {
        set.insert(format!("{n:016}").as_bytes(), n as f64, &limits());
    }
    let full = set.heap_bytes();
    assert!(full < 50_000 * 80, "{} bytes per member", full / 50_000);
    set.remove_ranks(100..50_000, |_, _| {});
    assert_eq!(set.len(), 100);
    assert!(set.heap_bytes() < full / 20, "{} of {full} bytes", set.heap_bytes());
    for n in 0..5_000 {
        set.insert(format!("{n:016}").as_bytes(), -(n as f64), &limits());
    }
    assert_eq!(set.len(), 5_000);
    assert_eq!(set.rank(b"0000000000004999"), Some((0, -4_999.0)));
}
