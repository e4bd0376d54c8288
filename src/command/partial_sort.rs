//! Sorts a part of a slice: only what belongs into the wanted places, in O(n + wanted · log wanted) mostly.
//!
//! It is the quicksort of Bentley and McIlroy ("Engineering a Sort Function", 1993) that leaves out the parts nobody
//! asked for. Equal elements end up in an order of its own, and it shows: which of several equally near members are
//! among the first three. So this is the reference's algorithm with the reference's choice of pivots, and not the
//! standard library's `select_nth_unstable`.

use std::cmp::Ordering;
use std::ops::Range;

/// Below this many elements are sorted by insertion.
const INSERTION_MAX: usize = 7;
/// From this many elements on, the pivot is the median of three medians.
const NINTHER_MIN: usize = 41;
/// Elements looked at, per element of the slice, before the rest is sorted in another way: a quicksort can be made to
/// take quadratic time, and this many never happen by chance.
const WORK_MAX: usize = 200;

/// Moves elements so that the places in `wanted` hold what they would hold if all were sorted.
pub fn partial_sort<T>(items: &mut [T], wanted: Range<usize>, compare: impl Fn(&T, &T) -> Ordering) {
    let mut work_left = items.len().saturating_mul(WORK_MAX);
    // Parts of the slice never overlap: no more of them wait than there are elements.
    let mut waiting = Vec::from([(0, items.len())]);
    while let Some((start, end)) = waiting.pop() {
        let here = &mut items[start..end];
        if here.len() < INSERTION_MAX {
            insertion_sort(here, &compare);
            continue;
        }
        if work_left < here.len() {
            here.sort_by(&compare);
            continue;
        }
        work_left -= here.len();
        let (less, greater) = partition(here, &compare);
        let parts = [(start, start + less), (end - greater, end)];
        waiting.extend(
            parts.into_iter().filter(|(start, end)| end - start > 1 && *start < wanted.end && wanted.start < *end),
        );
    }
}

fn insertion_sort<T>(items: &mut [T], compare: &impl Fn(&T, &T) -> Ordering) {
    for end in 1..items.len() {
        let mut at = end;
        while at > 0 && compare(&items[at - 1], &items[at]) == Ordering::Greater {
            items.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// Puts what is less than a pivot first and what is greater last; returns how many each are.
fn partition<T>(items: &mut [T], compare: &impl Fn(&T, &T) -> Ordering) -> (usize, usize) {
    let len = items.len();
    let pivot = pivot(items, compare);
    items.swap(0, pivot);
    // What equals the pivot gathers at both ends, in front of `equal_front` and from `equal_back` on; between them, what
    // is less ends at `low` and what is greater begins at `high`, both of them on their way to each other.
    let (mut equal_front, mut low) = (1, 1);
    let (mut equal_back, mut high) = (len, len);
    loop {
        while low < high {
            match compare(&items[low], &items[0]) {
                Ordering::Greater => break,
                Ordering::Equal => {
                    items.swap(equal_front, low);
                    equal_front += 1;
                }
                Ordering::Less => {}
            }
            low += 1;
        }
        while low < high {
            match compare(&items[high - 1], &items[0]) {
                Ordering::Less => break,
                Ordering::Equal => {
                    items.swap(high - 1, equal_back - 1);
                    equal_back -= 1;
                }
                Ordering::Greater => {}
            }
            high -= 1;
        }
        if low >= high {
            break;
        }
        items.swap(low, high - 1);
        low += 1;
        high -= 1;
    }
    let (less, greater) = (low - equal_front, equal_back - high);
    swap_ends(&mut items[..low], equal_front.min(less));
    swap_ends(&mut items[high..], greater.min(len - equal_back));
    (less, greater)
}

/// Exchanges as many elements at the front with those at the back.
fn swap_ends<T>(items: &mut [T], count: usize) {
    let back = items.len() - count;
    (0..count).for_each(|at| items.swap(at, back + at));
}

fn pivot<T>(items: &[T], compare: &impl Fn(&T, &T) -> Ordering) -> usize {
    let (first, middle, last) = (0, items.len() / 2, items.len() - 1);
    if items.len() <= INSERTION_MAX {
        return middle;
    }
    let median = |a: usize, b: usize, c: usize| {
        let less = |x: usize, y: usize| compare(&items[x], &items[y]) == Ordering::Less;
        let greater = |x: usize, y: usize| compare(&items[x], &items[y]) == Ordering::Greater;
        match (less(a, b), less(a, c)) {
            (true, _) if less(b, c) => b,
            (true, a_first) => {
                if a_first {
                    c
                } else {
                    a
                }
            }
            (false, _) if greater(b, c) => b,
            (false, a_first) => {
                if a_first {
                    a
                } else {
                    c
                }
            }
        }
    };
    if items.len() < NINTHER_MIN {
        return median(first, middle, last);
    }
    let step = items.len() / 8;
    median(
        median(first, first + step, first + 2 * step),
        median(middle - step, middle, middle + step),
        median(last - 2 * step, last - step, last),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_places_hold_what_a_whole_sort_puts_there() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..3000 {
            let len = random.usize(..200);
            let kinds = random.u32(1..300);
            let items: Vec<u32> = (0..len).map(|_| random.u32(..kinds)).collect();
            let start = random.usize(..=len);
            let wanted = start..random.usize(start..=len);
            let (mut partly, mut sorted) = (items.clone(), items);
            partial_sort(&mut partly, wanted.clone(), |a, b| a.cmp(b));
            sorted.sort_unstable();
            assert_eq!(partly[wanted.clone()], sorted[wanted], "seed {seed}");
            partly.sort_unstable();
            assert_eq!(partly, sorted, "seed {seed}");
        }
    }

    #[test]
    fn what_defeats_quicksort_is_sorted_in_another_way() {
        use std::cell::{Cell, RefCell};
        // McIlroy's adversary: values are decided as late as possible, so that every pivot is a bad one.
        let len = 20_000;
        let values = RefCell::new(vec![usize::MAX; len]);
        let (solid, candidate, calls) = (Cell::new(0), Cell::new(0), Cell::new(0usize));
        let mut items: Vec<usize> = (0..len).collect();
        partial_sort(&mut items, 0..len, |a, b| {
            calls.set(calls.get() + 1);
            let mut values = values.borrow_mut();
            if values[*a] == usize::MAX && values[*b] == usize::MAX {
                let freeze = if *a == candidate.get() { *a } else { *b };
                values[freeze] = solid.replace(solid.get() + 1);
            }
            if values[*a] == usize::MAX {
                candidate.set(*a);
            } else if values[*b] == usize::MAX {
                candidate.set(*b);
            }
            values[*a].cmp(&values[*b])
        });
        assert!(calls.get() < len * WORK_MAX * 2, "{} comparisons", calls.get());
    }
}
