use super::super::size_class::size_class;
use super::*;
use std::collections::{HashMap, HashSet};

fn entry(name: &str) -> Entry {
    Entry::int(name.as_bytes(), 7, None)
}

fn insert_name(table: &mut Table, name: &str) {
    insert(table, Key::new(name.as_bytes()).hash(), entry(name));
}

fn names(table: &Table) -> HashSet<String> {
    iter(table).map(|entry| String::from_utf8(entry.key().to_vec()).unwrap()).collect()
}

#[test]
fn a_bucket_is_one_cache_line() {
    assert_eq!((size_of::<Bucket>(), align_of::<Bucket>()), (64, 64));
    assert_eq!(size_of::<Option<Entry>>(), size_of::<usize>());
}

#[test]
fn arrays_grow_by_a_half_at_most_to_what_a_size_class_holds() {
    let mut sizes = vec![0];
    while sizes.len() < 30 {
        sizes.push(bigger(*sizes.last().unwrap()));
    }
    assert_eq!(sizes[..10], [0, 1, 2, 3, 4, 6, 8, 12, 16, 24]);
    for pair in sizes[2..].windows(2) {
        assert!(pair[0] < pair[1] && (pair[0] == 1 || pair[1] * 2 <= pair[0] * 3), "{pair:?}");
        assert_eq!(size_class(pair[1] * size_of::<Bucket>()), pair[1] * size_of::<Bucket>());
    }
}

#[test]
fn places_and_walks_name_every_entry_once() {
    let mut table = Table::default();
    assert_eq!(places(&table), 0);
    for number in 0..500 {
        insert_name(&mut table, &number.to_string());
    }
    assert!((5..30).contains(&table.rehashes()));
    assert_eq!(iter(&table).count(), 500);
    assert_eq!((0..places(&table)).filter(|place| at(&table, *place).is_some()).count(), 500);
    let gone = (100..500).filter(|number| remove(&mut table, Key::new(number.to_string().as_bytes())).is_some());
    assert_eq!((gone.count(), table.len()), (400, 100));
    assert!(find(&table, Key::new(b"99")).is_some() && find(&table, Key::new(b"100")).is_none());
    assert!(remove(&mut table, Key::new(b"99")).is_some() && remove(&mut table, Key::new(b"99")).is_none());
}

#[test]
fn random_changes_agree_with_a_hash_map() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    // The last sizes are past WHOLE_MOVE_MAX: the table is in the middle of a move most of the time.
    for distinct in [5, 50, 500, 12_000] {
        let mut table = Table::default();
        let mut model: HashMap<String, ()> = HashMap::new();
        let mut moving = 0;
        for step in 0..distinct * 12 {
            let name = random.u32(..distinct).to_string();
            let key = Key::new(name.as_bytes());
            // Grows for a while, then shrinks, then grows again.
            let growing = step / (distinct * 4) != 1;
            match place_of(&table, key) {
                Some(place) => {
                    assert!(model.contains_key(&name));
                    assert_eq!(at(&table, place).unwrap().key(), key.bytes());
                    assert_eq!(at_mut(&mut table, place).key(), key.bytes());
                    if !growing || random.u8(..8) == 0 {
                        assert!(remove(&mut table, key).is_some());
                        model.remove(&name);
                    }
                }
                None => {
                    assert!(!model.contains_key(&name));
                    assert!(remove(&mut table, key).is_none());
                    if growing {
                        insert_name(&mut table, &name);
                        model.insert(name, ());
                    }
                }
            }
            assert_eq!(table.len(), model.len());
            moving += u32::from(table.old.is_some());
        }
        assert_eq!(moving > 0, distinct > 10_000, "{moving}");
        assert_eq!(names(&table), model.keys().cloned().collect());
    }
}

#[test]
fn a_table_that_is_moving_is_walked_emptied_and_taken_whole() {
    let moving = || {
        let mut table = Table::default();
        let mut number = 0;
        while table.old.is_none() {
            insert_name(&mut table, &number.to_string());
            number += 1;
        }
        (0..5).for_each(|more| insert_name(&mut table, &format!("more{more}")));
        assert!(table.old.is_some());
        table
    };
    let mut table = moving();
    let all = table.len();
    assert_eq!((names(&table).len(), iter(&table).count()), (all, all));
    assert_eq!((0..places(&table)).filter(|place| at(&table, *place).is_some()).count(), all);
    for name in names(&table).iter().filter(|name| !name.starts_with("more")) {
        assert!(remove(&mut table, Key::new(name.as_bytes())).is_some());
    }
    assert_eq!((table.len(), names(&table).len()), (5, 5));
    for more in 0..5 {
        assert!(remove(&mut table, Key::new(format!("more{more}").as_bytes())).is_some());
    }
    assert_eq!((table.len(), places(&table)), (0, 0));
    let mut table = moving();
    let rehashes = table.rehashes();
    assert_eq!((table.take().len(), table.len()), (all, 0));
    assert_ne!(table.rehashes(), rehashes);
}

#[test]
fn a_walk_over_places_meets_every_entry_that_stays_while_the_table_moves() {
    let mut table = Table::default();
    let stay: Vec<String> = (0..8000).map(|number| format!("stay{number}")).collect();
    stay.iter().for_each(|name| insert_name(&mut table, name));
    let mut seen = HashSet::new();
    let (mut place, mut rehashes, mut new) = (0, table.rehashes(), 0);
    while place < places(&table) {
        seen.extend(at(&table, place).map(|entry| entry.key().to_vec()));
        place += 1;
        if new < 20_000 && place % 3 == 0 {
            insert_name(&mut table, &format!("new{new}"));
            new += 1;
        }
        if table.rehashes() != rehashes {
            (place, rehashes) = (0, table.rehashes());
        }
    }
    assert!(stay.iter().all(|name| seen.contains(name.as_bytes())));
}

#[test]
fn removing_almost_everything_gives_the_memory_back() {
    let mut table = Table::default();
    for number in 0..20_000 {
        insert_name(&mut table, &number.to_string());
    }
    let before = table.buckets.len();
    for number in 10..20_000 {
        assert!(remove(&mut table, Key::new(number.to_string().as_bytes())).is_some());
    }
    assert!(table.buckets.len() * 8 < before && table.buckets.len() < 64, "{}", table.buckets.len());
    assert_eq!(names(&table).len(), 10);
}

#[test]
fn what_passed_on_from_a_full_bucket_is_found_until_it_is_removed() {
    // Two buckets: whatever is put in goes to one of them, or on to the other.
    let mut array = buckets(2);
    let all: Vec<String> = (0..12).map(|number| number.to_string()).collect();
    for name in &all {
        let hash = Key::new(name.as_bytes()).hash();
        put_in(&mut array, hash.bits(), tag(hash), entry(name));
    }
    for (index, name) in all.iter().enumerate() {
        let key = Key::new(name.as_bytes());
        let place = find_in(&array, key.hash(), key.bytes()).unwrap();
        assert_eq!(take_from(&mut array, place).unwrap().key(), key.bytes());
        assert_eq!(find_in(&array, key.hash(), key.bytes()), None);
        for later in &all[index + 1..] {
            assert!(find_in(&array, Key::new(later.as_bytes()).hash(), later.as_bytes()).is_some());
        }
    }
    assert!(array.iter().all(|bucket| bucket.meta == 0));
}
