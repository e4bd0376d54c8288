//! Lists against a `VecDeque<Vec<u8>>` under random changes, and what their nodes look like.

use std::collections::VecDeque;

use super::*;

fn limits(list_node_max: i64) -> Limits {
    Limits { list_node_max, ..Limits::default() }
}

fn list(values: impl IntoIterator<Item = String>, limits: &Limits) -> List {
    let mut list = List::new();
    for value in values {
        list.push(End::Back, value.as_bytes(), limits);
    }
    list
}

fn texts(list: &List) -> Vec<Vec<u8>> {
    list.iter().map(|elem| elem.to_vec()).collect()
}

fn check_invariants(list: &List) {
    assert_eq!(list.len(), list.nodes().map(Node::len).sum::<usize>());
    assert_eq!(list.is_empty(), list.iter().next().is_none());
    assert!(list.is_empty() || list.nodes().all(|node| node.len() > 0), "{list:?}");
    if let Some(rest) = &list.rest {
        assert!(!rest.nodes.is_empty());
        assert!(rest.nodes.iter().all(|counted| counted.len as usize == counted.node.len()));
    }
}

#[test]
fn short_list_is_one_buffer_beside_a_header_of_32_bytes() {
    assert_eq!(size_of::<List>(), 32);
    assert_eq!(List::new().heap_bytes(), 0);
    let short = list((0..10).map(|i| format!("element-{i}")), &limits(-2));
    assert_eq!((short.node_count(), short.heap_bytes()), (1, 128));
}

#[test]
fn long_list_costs_little_more_than_its_elements() {
    let long = list((0..10_000).map(|i| format!("element-{i:05}")), &limits(-2));
    // 13 bytes of text, encoding and back length: 15 each.
    assert!(long.heap_bytes() < 150_000 * 6 / 5, "{}", long.heap_bytes());
    assert!(long.nodes().all(|node| node.heap_bytes() <= 8192));
}

#[test]
fn a_list_that_grows_in_front_fills_its_nodes_too() {
    let limits = limits(-2);
    let mut list = List::new();
    let text = |i: u32| format!("element-{i:05}").into_bytes();
    for i in 0..10_000 {
        list.push(End::Front, &text(i), &limits);
        // Only the first two may be young, or have just become one.
        assert!(list.nodes().skip(2).all(|node| node.heap_bytes() > 6 << 10), "{i}");
    }
    check_invariants(&list);
    assert!(list.heap_bytes() < 150_000 * 5 / 4, "{}", list.heap_bytes());
    assert_eq!(texts(&list), (0..10_000).rev().map(text).collect::<Vec<_>>());
}

#[test]
fn a_list_that_shrinks_and_grows_in_front_agrees_with_a_queue() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for node_max in [-1, -2, 7, -5] {
        let limits = limits(node_max);
        let (mut list, mut model) = (List::new(), VecDeque::new());
        for step in 0..3000 {
            let growing = step / 500 % 2 == 0;
            if growing == (random.u8(..10) < 8) {
                let bytes_max = [40, 300, 2500][random.usize(..3)];
                let value = vec![b'a' + random.u8(..26); random.usize(0..bytes_max)];
                let end = if random.u8(..4) == 0 { End::Back } else { End::Front };
                list.push(end, &value, &limits);
                if end == End::Front { model.push_front(value) } else { model.push_back(value) }
            } else {
                let count = random.usize(1..5);
                let mut popped = Vec::new();
                list.pop(End::Front, count, |elem| popped.push(elem.to_vec()));
                assert_eq!(popped, model.drain(..count.min(model.len())).collect::<Vec<_>>());
            }
            assert_eq!(list.len(), model.len());
            if step % 50 == 0 {
                check_invariants(&list);
                assert!(list.iter().map(|elem| elem.to_vec()).eq(model.iter().cloned()));
            }
        }
    }
}

#[test]
fn nodes_are_bounded_by_bytes_or_by_elements() {
    let digits = || (0..1000).map(|i| format!("{i:030}"));
    assert_eq!(list(digits(), &limits(100)).node_count(), 10);
    assert_eq!(list(digits(), &limits(1)).node_count(), 1000);
    // 32 bytes each, and 8 more reckoned for the next one: 127 in 4 KiB, 2047 in 64 KiB.
    assert_eq!(list(digits(), &limits(-1)).node_count(), 8);
    assert_eq!(list(digits(), &limits(-9)).node_count(), 1);
    // A limit in elements keeps to 8 KiB all the same.
    assert_eq!(list(digits(), &limits(1_000_000)).node_count(), 4);
}

#[test]
fn element_past_the_node_size_stands_alone() {
    let limits = limits(-1);
    let mut l = list(["a".into(), "x".repeat(5000), "b".into()], &limits);
    assert_eq!(l.node_count(), 3);
    assert!(l.set(1, b"small", &limits));
    assert!(l.set(0, &[b'y'; 5000], &limits));
    assert_eq!(l.get(0).unwrap().len(), 5000);
    check_invariants(&l);
}

#[test]
fn replacing_in_full_nodes_keeps_them_whole() {
    let limits = limits(3);
    let mut l = list((0..9).map(|i| i.to_string()), &limits);
    assert!((0..9).all(|i| l.set(i, b"longer", &limits)));
    assert_eq!((l.node_count(), l.len()), (3, 9));
}

#[test]
fn popping_shows_elements_from_the_end_inwards() {
    let limits = limits(3);
    let mut l = list((0..10).map(|i| i.to_string()), &limits);
    let mut seen = Vec::new();
    assert_eq!(l.pop(End::Back, 4, |elem| seen.push(elem.to_vec())), 4);
    assert_eq!(seen, [b"9", b"8", b"7", b"6"]);
    seen.clear();
    assert_eq!(l.pop(End::Front, 99, |elem| seen.push(elem.to_vec())), 6);
    assert_eq!(seen, [b"0", b"1", b"2", b"3", b"4", b"5"]);
    assert!(l.is_empty() && l.peek(End::Front).is_none() && l.peek(End::Back).is_none());
    assert_eq!(l.heap_bytes(), 0);
}

#[test]
fn insert_into_a_full_node_splits_it_and_refills_its_neighbours() {
    let limits = limits(4);
    let mut l = list((0..16).map(|i| i.to_string()), &limits);
    assert!(l.insert_near(b"5", true, b"x", &limits));
    assert!(!l.insert_near(b"nowhere", true, b"x", &limits));
    check_invariants(&l);
    assert!(l.node_count() <= 5 && l.nodes().all(|node| node.len() <= 4), "{l:?}");
    let index = l.iter().position(|elem| elem.eq_bytes(b"x"));
    assert_eq!((index, l.len()), (Some(6), 17));
}

#[test]
fn positions_count_from_the_front_in_either_direction() {
    let l = list("a b c a b c a".split(' ').map(String::from), &limits(2));
    let search = |from, compare_max, wanted: usize| {
        let mut found = Vec::new();
        l.positions(b"a", from, compare_max, |index| {
            found.push(index);
            found.len() < wanted
        });
        found
    };
    assert_eq!(search(End::Front, usize::MAX, 9), [0, 3, 6]);
    assert_eq!(search(End::Back, usize::MAX, 2), [6, 3]);
    assert_eq!(search(End::Front, 3, 9), [0]);
    assert_eq!(search(End::Back, 0, 9), [0; 0]);
}

fn random_value(rng: &mut fastrand::Rng) -> Vec<u8> {
    match rng.u8(..12) {
        0..6 => rng.i64(-3..6).to_string().into_bytes(),
        6 => vec![rng.u8(..); rng.usize(..5000)],
        7 => vec![b'P'; rng.usize(9000..12_000)],
        _ => (0..rng.usize(..3)).map(|_| rng.u8(b'a'..b'c')).collect(),
    }
}

#[test]
fn random_changes_match_a_deque_of_values() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    // Only elements of other tests that are as long would notice.
    assert!(set_packed_threshold(9000));
    assert!(!set_packed_threshold(1 << 32));
    for _ in 0..150 {
        let limits = limits([-2, -1, 1, 2, 3, 5][rng.usize(..6)]);
        let (mut l, mut model) = (List::new(), VecDeque::<Vec<u8>>::new());
        for _ in 0..rng.usize(10..200) {
            let value = random_value(&mut rng);
            let index = rng.usize(..=model.len());
            let count = rng.usize(..=model.len() / 2 + 1);
            match rng.u8(..12) {
                0..2 => {
                    l.push(End::Front, &value, &limits);
                    model.push_front(value);
                }
                2..5 => {
                    l.push(End::Back, &value, &limits);
                    model.push_back(value);
                }
                5 => {
                    let (end, count) = (if rng.bool() { End::Front } else { End::Back }, rng.usize(..4));
                    let mut popped = Vec::new();
                    l.pop(end, count, |elem| popped.push(elem.to_vec()));
                    let mut expected = Vec::new();
                    for _ in 0..count.min(model.len()) {
                        expected.extend(if end == End::Front { model.pop_front() } else { model.pop_back() });
                    }
                    assert_eq!(popped, expected);
                }
                6 => {
                    assert_eq!(l.set(index, &value, &limits), index < model.len());
                    if let Some(own) = model.get_mut(index) {
                        *own = value;
                    }
                }
                7 | 8 => {
                    let pivot = random_value(&mut rng);
                    let behind = rng.bool();
                    let at = model.iter().position(|own| *own == pivot);
                    assert_eq!(l.insert_near(&pivot, behind, &value, &limits), at.is_some());
                    if let Some(at) = at {
                        model.insert(at + usize::from(behind), value);
                    }
                }
                9 => {
                    let count = rng.usize(..3);
                    let from = if rng.bool() { End::Front } else { End::Back };
                    let mut at: Vec<_> = (0..model.len()).filter(|i| model[*i] == value).collect();
                    if from == End::Back {
                        at.reverse();
                    }
                    at.truncate(count);
                    at.sort();
                    at.iter().rev().for_each(|i| drop(model.remove(*i)));
                    assert_eq!(l.remove_equal(&value, count, from), at.len());
                }
                10 if rng.bool() => {
                    let removed = model.drain(index..(index + count).min(model.len())).count();
                    assert_eq!(l.remove_range(index, count), removed);
                }
                _ => {
                    assert_eq!(l.get(index).map(|elem| elem.to_vec()), model.get(index).cloned());
                    let forward: Vec<_> = l.walk(End::Front, index).map(|elem| elem.to_vec()).collect();
                    assert!(forward.iter().eq(model.range(index..)));
                    let backward = l.walk(End::Back, index).map(|elem| elem.to_vec()).collect::<Vec<_>>();
                    let until = if index < model.len() { index + 1 } else { 0 };
                    assert!(backward.iter().eq(model.range(..until).rev()));
                }
            }
            check_invariants(&l);
            assert_eq!(l.len(), model.len());
            assert_eq!(l.peek(End::Back).map(|elem| elem.to_vec()), model.back().cloned());
        }
        assert_eq!(texts(&l), Vec::from(model));
        let mut copy = List::new();
        l.nodes().for_each(|node| copy.push_node(node.clone()));
        assert_eq!(copy, l);
    }
    assert!(set_packed_threshold(0));
}
