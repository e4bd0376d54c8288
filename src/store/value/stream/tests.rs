//! Streams against a `BTreeMap` under random changes, and what their nodes and groups look like.

use super::*;
use std::collections::BTreeMap;

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn limits(entries: usize, bytes: usize) -> Limits {
    Limits { stream_node_entries_max: entries, stream_node_bytes_max: bytes, ..Limits::default() }
}

fn append(stream: &mut Stream, id: Id, pairs: &Pairs, limits: &Limits) -> Result<Id, Refused> {
    let arguments: Vec<&[u8]> = pairs.iter().flat_map(|(field, value)| [&field[..], &value[..]]).collect();
    stream.append(NewId::Exactly(id), 0, arguments.into_iter(), limits)
}

fn filled(count: u64, limits: &Limits) -> Stream {
    let mut stream = Stream::default();
    for ms in 1..=count {
        append(&mut stream, Id::new(ms, 0), &vec![(b"item".to_vec(), ms.to_string().into_bytes())], limits).unwrap();
    }
    stream
}

fn shown(entry: &Entry<'_>) -> (Id, Pairs) {
    (entry.id, entry.pairs().map(|(field, value)| (field.to_vec(), value.to_vec())).collect())
}

fn random_pairs(random: &mut fastrand::Rng) -> Pairs {
    let word = |random: &mut fastrand::Rng| match random.u8(..4) {
        0 => random.i32(-300..300).to_string().into_bytes(),
        1 => vec![b'x'; random.usize(..100)],
        _ => format!("w{}", random.u8(..3)).into_bytes(),
    };
    let same = random.u8(..3) > 0;
    let field = |random: &mut fastrand::Rng, number| if same { vec![b'a' + number] } else { word(random) };
    (0..random.u8(1..4)).map(|number| (field(random, number), word(random))).collect()
}

fn check(stream: &Stream, model: &BTreeMap<Id, Pairs>, random: &mut fastrand::Rng) {
    assert_eq!(stream.len(), model.len());
    assert_eq!(stream.first_id(), model.keys().next().copied().unwrap_or(Id::MIN));
    assert_eq!(stream.last_live_id(), model.keys().next_back().copied().unwrap_or(Id::MIN));
    assert_eq!(stream.nodes.iter().map(Node::live).sum::<usize>(), model.len());
    assert!(stream.nodes.iter().is_sorted_by_key(Node::first));
    let (a, b) = (Id::new(random.u64(..600), random.u64(..3)), Id::new(random.u64(..600), random.u64(..3)));
    for (start, end) in [(Id::MIN, Id::MAX), (a.min(b), a.max(b)), (a, a)] {
        let wanted = model.range(start..=end).map(|(id, pairs)| (*id, pairs.clone()));
        assert!(stream.range(start, end).map(|entry| shown(&entry)).eq(wanted.clone()));
        assert!(stream.range_back(start, end).map(|entry| shown(&entry)).eq(wanted.rev()));
    }
    if a > b {
        assert!(stream.range(a, b).next().is_none() && stream.range_back(a, b).next().is_none());
    }
}

#[test]
fn it_is_a_map_under_random_changes() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for limits in [limits(100, 4096), limits(3, 4096), limits(0, 200), limits(1, 0)] {
        let (mut stream, mut model) = (Stream::default(), BTreeMap::new());
        let mut added = 0;
        for _ in 0..3000 {
            match random.u8(..10) {
                0..6 => {
                    let last = stream.last_id();
                    let id = Id::new(last.ms + random.u64(..2), random.u64(..4));
                    let pairs = random_pairs(&mut random);
                    let result = append(&mut stream, id, &pairs, &limits);
                    assert_eq!(result, if id > last { Ok(id) } else { Err(Refused::NotLarger) });
                    if result.is_ok() {
                        model.insert(id, pairs);
                        added += 1;
                    }
                }
                6..9 => {
                    let id = Id::new(random.u64(..=stream.last_id().ms), random.u64(..4));
                    assert_eq!(stream.has(id), model.contains_key(&id));
                    assert_eq!(stream.delete(id), model.remove(&id).is_some());
                }
                _ if random.bool() => {
                    let min = Id::new(random.u64(..=stream.last_id().ms) / 4, random.u64(..4));
                    trim(&mut stream, &mut model, Threshold::Id(min), random.bool());
                }
                _ => {
                    let len = model.len().saturating_sub(random.usize(..20));
                    trim(&mut stream, &mut model, Threshold::Length(len), random.bool());
                }
            }
            check(&stream, &model, &mut random);
        }
        assert_eq!(stream.added(), added);
        assert!(model.keys().copied().collect::<Vec<_>>().into_iter().all(|id| stream.delete(id)));
        assert!(stream.is_empty() && stream.exists());
    }
}

fn trim(stream: &mut Stream, model: &mut BTreeMap<Id, Pairs>, threshold: Threshold, approximate: bool) {
    let goes = match threshold {
        Threshold::Length(len) => model.len().saturating_sub(len),
        Threshold::Id(id) => model.range(..id).count(),
    };
    let removed = stream.trim(&Trim { threshold, approximate, limit: 0, references: References::Keep });
    assert!(if approximate { removed <= goes } else { removed == goes }, "{removed} of {goes}");
    (0..removed).for_each(|_| assert!(model.pop_first().is_some()));
}

#[test]
fn nodes_are_the_bytes_that_the_reference_dumps() {
    let limits = Limits::default();
    let mut stream = Stream::default();
    let pairs = |field: &str, value: &str| vec![(field.into(), value.into())];
    append(&mut stream, Id::new(5, 7), &pairs("f", "v"), &limits).unwrap();
    append(&mut stream, Id::new(6, 0), &pairs("f", "1"), &limits).unwrap();
    append(&mut stream, Id::new(6, 1), &pairs("g", "2"), &limits).unwrap();
    assert!(stream.delete(Id::new(6, 0)));
    let elements: Vec<_> = stream.nodes[0].elements().map(|elem| elem.to_vec()).collect();
    let wanted = "2 1 1 f 0 2 0 0 v 4 3 1 -7 1 4 0 1 -6 1 g 2 6";
    assert_eq!(elements.join(&b' '), wanted.as_bytes());
}

#[test]
fn nodes_are_closed_at_their_bounds() {
    let counted = filled(100, &limits(10, 0));
    assert!(counted.nodes.iter().all(|node| node.live() == 10));
    let sized = filled(1000, &limits(0, 500));
    assert!(sized.nodes.iter().all(|node| node.bytes() < 500 + 20));
    assert_eq!(filled(1000, &limits(0, 0)).node_count(), 1);
}

#[test]
fn entries_cost_little_more_than_their_values() {
    let stream = filled(100_000, &Limits::default());
    // Five elements of two bytes each beside the value, in buffers of the allocator's size classes.
    let bytes = stream.heap_bytes(usize::MAX);
    assert!(bytes < 100_000 * 20, "{bytes}");
    let short = filled(1, &Limits::default());
    assert!(short.heap_bytes(usize::MAX) <= 96, "{}", short.heap_bytes(usize::MAX));
}

#[test]
fn a_trim_that_may_be_rough_takes_whole_nodes_and_no_more_than_its_limit() {
    let rough = |threshold, limit| Trim { threshold, approximate: true, limit, references: References::Keep };
    let mut stream = filled(101, &limits(10, 0));
    assert_eq!(stream.trim(&rough(Threshold::Length(55), 30)), 30);
    assert_eq!(stream.trim(&rough(Threshold::Length(55), 30)), 10);
    assert_eq!(stream.trim(&rough(Threshold::Length(55), 0)), 0);
    assert_eq!(stream.trim(&rough(Threshold::Id(Id::new(65, 0)), 0)), 20);
    assert_eq!((stream.len(), stream.first_id()), (41, Id::new(61, 0)));
}

#[test]
fn entries_that_groups_refer_to_stay_when_they_are_to() {
    let exact = |threshold, references| Trim { threshold, approximate: false, limit: 0, references };
    let mut stream = filled(30, &limits(10, 0));
    let mut group = Group::new(b"g", Id::new(25, 0), None);
    let consumer = group.create(b"c", 0).unwrap();
    for ms in [5, 15] {
        group.assign(Id::new(ms, 0), Pending { consumer, deliveries: 1, delivered_ms: 0 });
    }
    assert!(stream.create_group(group));
    assert_eq!(stream.trim(&exact(Threshold::Length(0), References::OnlyAcknowledged)), 23);
    let left: Vec<u64> = stream.range(Id::MIN, Id::MAX).map(|entry| entry.id.ms).collect();
    assert_eq!(left, [5, 15, 26, 27, 28, 29, 30]);
    assert_eq!(stream.trim(&exact(Threshold::Id(Id::new(15, 0)), References::Delete)), 1);
    assert_eq!(stream.trim(&exact(Threshold::Id(Id::new(20, 0)), References::Keep)), 1);
    let group = stream.group(b"g").unwrap();
    assert_eq!(group.pending().iter().map(|(id, _)| id.ms).collect::<Vec<_>>(), [15]);
}

/// What is pending of a group: the consumer's name and how often it was delivered.
type PendingModel = BTreeMap<Id, (Vec<u8>, u32)>;

fn check_group(group: &Group, model: &PendingModel) {
    let shown = |pending: &Pending| (group.consumer(pending.consumer).name().to_vec(), pending.deliveries);
    assert!(group.pending().iter().map(|(id, pending)| (id, shown(pending))).eq(model.clone()));
    for consumer in group.consumers() {
        let own = model.iter().filter(|(_, (name, _))| name == consumer.name()).map(|(id, _)| *id);
        assert!(consumer.pending().iter().map(|(id, ())| id).eq(own));
    }
}

#[test]
fn what_is_pending_belongs_to_one_consumer_under_random_changes() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut group = Group::new(b"g", Id::MIN, None);
    let (mut model, mut names) = (PendingModel::new(), std::collections::BTreeSet::new());
    for step in 0..20_000 {
        let name = format!("c{}", random.u8(..12)).into_bytes();
        let id = Id::new(random.u64(..400), 0);
        match random.u8(..20) {
            0 => assert_eq!(group.create(&name, step).is_some(), names.insert(name)),
            1 => {
                let own = model.values().filter(|(owner, _)| *owner == name).count();
                assert_eq!(group.remove(&name), names.remove(&name).then_some(own));
                model.retain(|_, (owner, _)| *owner != name);
            }
            2..10 => {
                if let Some(consumer) = group.find(&name) {
                    group.assign(id, Pending { consumer, deliveries: 1, delivered_ms: step });
                    model.insert(id, (name, 1));
                }
            }
            10..13 => {
                group.redeliver(id, step);
                model.entry(id).and_modify(|(_, deliveries)| *deliveries += 1);
            }
            _ => assert_eq!(group.acknowledge(id), model.remove(&id).is_some()),
        }
        assert!(group.consumers().map(Consumer::name).eq(names.iter().map(Vec::as_slice)));
        if step % 100 == 0 {
            check_group(&group, &model);
        }
    }
    check_group(&group, &model);
}

#[test]
fn the_radix_tree_of_the_reference_is_counted_by_its_forks() {
    assert_eq!(Stream::default().radix_node_count(), 1);
    assert_eq!(filled(1, &Limits::default()).radix_node_count(), 2);
    // One chain to a fork of three, and three chains of eight bytes with their ends.
    assert_eq!(filled(3, &limits(1, 0)).radix_node_count(), 8);
}
