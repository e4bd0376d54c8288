//! Unions, intersections and differences of sorted sets and plain sets, whose members count as scored 1.
//!
//! Results borrow their members from the sources. Scores that come out as NaN (infinities that cancel, or times
//! 0) are 0, as in the reference.

use std::cmp::Ordering;
use std::hash::BuildHasher;

use hashbrown::HashTable;

use crate::command::Error;
use crate::store::Object;
use crate::store::value::listpack::Elem;
use crate::store::value::set::Set;
use crate::store::value::sorted_set::SortedSet;
use crate::store::value::table::TableHasher;

/// A member of a result and its score.
pub type Scored<'t> = (Elem<'t>, f64);

/// What is done with the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Members of any source.
    Union,
    /// Members of all sources.
    Intersection,
    /// Members of the first source and no other.
    Difference,
}

/// How the scores of one member in several sources become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// Their sum.
    Sum,
    /// The lowest.
    Min,
    /// The highest.
    Max,
}

impl Aggregate {
    /// The aggregate of this name, in any case.
    pub fn named(name: &[u8]) -> Option<Aggregate> {
        let known: [(&[u8], Aggregate); 3] =
            [(b"sum", Aggregate::Sum), (b"min", Aggregate::Min), (b"max", Aggregate::Max)];
        known.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, aggregate)| *aggregate)
    }

    fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Aggregate::Sum => zero_if_nan(a + b),
            Aggregate::Min => {
                if b < a {
                    b
                } else {
                    a
                }
            }
            Aggregate::Max => {
                if b > a {
                    b
                } else {
                    a
                }
            }
        }
    }
}

fn zero_if_nan(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// One input key.
#[derive(Clone, Copy)]
pub struct Source<'t> {
    members: Members<'t>,
    /// What its scores are multiplied by.
    pub weight: f64,
}

#[derive(Clone, Copy)]
enum Members<'t> {
    None,
    Plain(&'t Set),
    Sorted(&'t SortedSet),
}

impl<'t> Source<'t> {
    /// The source that a key's value is, with weight 1.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] when it is neither a set nor a sorted set.
    pub fn new(object: Option<&'t Object>) -> Result<Source<'t>, Error> {
        let members = match object {
            None => Members::None,
            Some(Object::Set(set)) => Members::Plain(set),
            Some(Object::SortedSet(set)) => Members::Sorted(set),
            Some(_) => return Err(Error::WrongType),
        };
        Ok(Source { members, weight: 1.0 })
    }

    fn len(&self) -> usize {
        match self.members {
            Members::None => 0,
            Members::Plain(set) => set.len(),
            Members::Sorted(set) => set.len(),
        }
    }

    /// Members with unweighted scores.
    fn iter(&self) -> impl Iterator<Item = Scored<'t>> + use<'t> {
        let (plain, sorted) = match self.members {
            Members::None => (None, None),
            Members::Plain(set) => (Some(set), None),
            Members::Sorted(set) => (None, Some(set)),
        };
        let plain = plain.into_iter().flat_map(Set::iter).map(|member| (member, 1.0));
        plain.chain(sorted.into_iter().flat_map(SortedSet::iter))
    }

    /// The unweighted score of a member.
    fn score(&self, member: Elem<'_>) -> Option<f64> {
        match self.members {
            Members::None => None,
            Members::Plain(set) => set.contains_elem(member).then_some(1.0),
            Members::Sorted(set) => set.score(member.as_bytes(&mut [0; 20])),
        }
    }
}

/// The smallest source first: the order in which the reference adds scores up.
pub fn by_size(mut sources: Vec<Source<'_>>) -> Vec<Source<'_>> {
    sources.sort_by_key(Source::len);
    sources
}

/// The result in the order of a sorted set.
pub fn combine<'t>(operation: Operation, sources: Vec<Source<'t>>, aggregate: Aggregate) -> Vec<Scored<'t>> {
    let mut result: Vec<Scored<'t>> = match operation {
        Operation::Union => union(&by_size(sources), aggregate),
        Operation::Intersection => intersection(&by_size(sources), aggregate).collect(),
        // In order already.
        Operation::Difference => return difference(&sources),
    };
    result.sort_unstable_by(compare);
    result
}

fn compare(a: &Scored<'_>, b: &Scored<'_>) -> Ordering {
    let by_score = a.1.partial_cmp(&b.1).unwrap_or(Ordering::Equal);
    by_score.then_with(|| a.0.as_bytes(&mut [0; 20]).cmp(b.0.as_bytes(&mut [0; 20])))
}

/// Members of all sources in the order of the first one, as they are found. O(members of the first · sources).
pub fn intersection<'s, 't>(sources: &'s [Source<'t>], aggregate: Aggregate) -> impl Iterator<Item = Scored<'t>> + 's {
    let first =
        sources.iter().take(1).flat_map(|first| first.iter().map(|(member, score)| (member, score * first.weight)));
    first.filter_map(move |(member, score)| {
        let score = sources[1..].iter().try_fold(zero_if_nan(score), |sum, source| {
            Some(aggregate.apply(sum, source.score(member)? * source.weight))
        });
        Some((member, score?))
    })
}

fn union<'t>(sources: &[Source<'t>], aggregate: Aggregate) -> Vec<Scored<'t>> {
    let largest = sources.last().map_or(0, Source::len);
    let mut result: Vec<Scored<'t>> = Vec::with_capacity(largest);
    let mut places: HashTable<u32> = HashTable::with_capacity(largest);
    for source in sources {
        for (member, score) in source.iter() {
            // Encodings differ in whether they keep a number as such: here all do.
            let member = match member {
                Elem::Bytes(bytes) => Elem::from_bytes(bytes),
                number => number,
            };
            let score = zero_if_nan(score * source.weight);
            let hash = hash(member);
            match places.find(hash, |&place| result[place as usize].0 == member) {
                Some(&place) => {
                    let sum = &mut result[place as usize].1;
                    *sum = aggregate.apply(*sum, score);
                }
                None => {
                    // A result with 2^32 members would not fit into memory.
                    let Ok(place) = u32::try_from(result.len()) else { return result };
                    result.push((member, score));
                    places.insert_unique(hash, place, |&place| self::hash(result[place as usize].0));
                }
            }
        }
    }
    result
}

fn hash(member: Elem<'_>) -> u64 {
    match member {
        Elem::Int(number) => TableHasher.hash_one(number),
        Elem::Bytes(bytes) => TableHasher.hash_one(bytes),
    }
}

fn difference<'t>(sources: &[Source<'t>]) -> Vec<Scored<'t>> {
    let Some((first, others)) = sources.split_first() else { return Vec::new() };
    let mut result: Vec<Scored<'t>> =
        first.iter().filter(|(member, _)| others.iter().all(|other| other.score(*member).is_none())).collect();
    if matches!(first.members, Members::Plain(_)) {
        result.sort_unstable_by(compare);
    }
    result
}
