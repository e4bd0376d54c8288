//! Intersection, union and difference of several sets, each member handed out once without building the result.
//!
//! Members come in the order of the set they are found in, so integer sets give ascending results, as the
//! reference's do.

use super::Limits;
use super::listpack::Elem;
use super::set::Set;

/// Up to this many sets, a union looks each member up in the sets before it; beyond, a result set is cheaper.
const LOOKUP_SETS_MAX: usize = 8;

/// Hands the members common to all `sets` to `each`, at most `limit` of them; returns how many.
///
/// O(smallest × number of sets); `sets` are sorted by size on the way. No sets: no members.
pub fn intersection(sets: &mut [&Set], limit: usize, mut each: impl FnMut(Elem<'_>)) -> usize {
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else {
        return 0;
    };
    let common = smallest.iter().filter(|&member| others.iter().all(|set| set.contains_elem(member)));
    common.take(limit).map(&mut each).count()
}

/// Hands every member of any of `sets` to `each`, once.
///
/// O(all members × number of sets), at most eight sets deep; beyond that O(all members) in time and memory.
pub fn union(sets: &[&Set], limits: &Limits, mut each: impl FnMut(Elem<'_>)) {
    if sets.len() > 1 && sets.iter().all(|set| set.as_ints().is_some()) {
        // Merged, so that the result ascends.
        let mut values: Vec<i64> = sets.iter().filter_map(|set| set.as_ints()).flat_map(|ints| ints.iter()).collect();
        values.sort_unstable();
        values.dedup();
        values.into_iter().for_each(|value| each(Elem::Int(value)));
    } else if sets.len() <= LOOKUP_SETS_MAX {
        for (index, set) in sets.iter().enumerate() {
            let before = &sets[..index];
            set.iter().filter(|&member| !before.iter().any(|set| set.contains_elem(member))).for_each(&mut each);
        }
    } else {
        let mut result = Set::new();
        for member in sets.iter().flat_map(|set| set.iter()) {
            result.add_elem(member, limits);
        }
        result.iter().for_each(each);
    }
}

/// Hands the members of `first` that none of `others` has to `each`.
///
/// Of two ways the cheaper: look every member of `first` up in the others, O(first × number of sets), or
/// look every member of the others up in `first`, O(all members) and one bit per member of `first`.
pub fn difference(first: &Set, others: &[&Set], mut each: impl FnMut(Elem<'_>)) {
    // The first way can stop at the first hit, so it is taken unless it costs more than twice as much.
    let by_first = first.len().saturating_mul(others.len() + 1) / 2;
    let by_others = first.len() + others.iter().map(|set| set.len()).sum::<usize>();
    if by_first <= by_others {
        // Bigger sets are more likely to have a member: they answer first.
        let mut others = others.to_vec();
        others.sort_by_key(|set| std::cmp::Reverse(set.len()));
        first.iter().filter(|&member| !others.iter().any(|set| set.contains_elem(member))).for_each(each);
        return;
    }
    let mut gone = vec![0u64; first.numbers().div_ceil(64)];
    for number in others.iter().flat_map(|set| set.iter()).filter_map(|member| first.number_of(member)) {
        gone[number / 64] |= 1 << (number % 64);
    }
    first.for_each_number(|number, member| {
        if gone[number / 64] >> (number % 64) & 1 == 0 {
            each(member);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    type Model = BTreeSet<Vec<u8>>;

    fn collect(run: impl FnOnce(&mut dyn FnMut(Elem<'_>))) -> Model {
        let mut members = Model::new();
        run(&mut |member| assert!(members.insert(member.to_vec()), "handed out twice"));
        members
    }

    #[test]
    fn random_sets_agree_with_btree_sets() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let limits = Limits { intset_entries_max: 40, set_entries_max: 20, ..Limits::default() };
        for _ in 0..500 {
            let count = random.usize(1..12);
            let (mut sets, mut models) = (Vec::new(), Vec::new());
            for _ in 0..count {
                let (mut set, mut model) = (Set::new(), Model::new());
                let words = random.bool();
                for _ in 0..random.usize(0..80) {
                    let number = random.u8(0..60);
                    let member = if words && number < 15 { format!("w{number}") } else { number.to_string() };
                    set.add(member.as_bytes(), &limits);
                    model.insert(member.into_bytes());
                }
                sets.push(set);
                models.push(model);
            }
            let mut refs: Vec<&Set> = sets.iter().collect();
            let any: Model = models.iter().flatten().cloned().collect();
            assert_eq!(collect(|each| union(&refs, &limits, each)), any);
            let without: Model =
                models[0].iter().filter(|m| !models[1..].iter().any(|model| model.contains(*m))).cloned().collect();
            assert_eq!(collect(|each| difference(refs[0], &refs[1..], each)), without);
            let common: Model =
                models[0].iter().filter(|m| models.iter().all(|model| model.contains(*m))).cloned().collect();
            assert_eq!(collect(|each| assert_eq!(intersection(&mut refs, usize::MAX, each), common.len())), common);
            let limit = random.usize(0..5);
            assert_eq!(intersection(&mut refs, limit, |_| {}), limit.min(common.len()));
        }
    }

    #[test]
    fn integer_sets_give_ascending_results() {
        let of = |values: &[i64]| {
            let mut set = Set::new();
            values.iter().for_each(|&value| assert!(set.add_elem(Elem::Int(value), &Limits::default())));
            set
        };
        let (a, b) = (of(&[5, 1, 9, 100_000]), of(&[7, 5, -3]));
        let mut seen = Vec::new();
        union(&[&a, &b], &Limits::default(), |member| seen.push(member.to_vec()));
        assert_eq!(seen, [-3, 1, 5, 7, 9, 100_000].map(|value: i64| value.to_string().into_bytes()));
    }
}
