//! What the big encodings of sets, hashes and sorted sets share: a hash table that grows without a pause, whose
//! places can be drawn fairly, and whose SCAN shows everything exactly once.
//!
//! Extendible hashing: the first bits of a record's hash say, through a directory, in which *segment* it is. A
//! segment holds up to [`SEGMENT_MAX`] records in no order, their hashes beside them; a full one is split by the
//! next bit, and two that have become small are joined. So a record more or less moves at most a segment's records,
//! never looks at what they hold, and copies nothing of the rest but, now and then, the directory (some 4 bytes for
//! 20 records).
//!
//! - **Look-up**: the directory (small, mostly cached), the segment's hashes, the record, what it points to.
//!   [`Members::prefetch`] asks for these lines ahead, so that the misses of many requests overlap.
//! - **Drawing**: every segment has as many places as any other, so a random place of a random segment, drawn again
//!   while it is empty, is fair.
//! - **SCAN**: segments are visited in the order of their hashes, and a cursor is the hash from which on records have
//!   still to be shown. Splitting and joining segments does not touch that order: what stays during a scan is shown
//!   exactly once, whatever comes and goes.
//!
//! Memory per record: the record and 4 bytes of hash in segments that are 70 % full on average, and the directory.

use super::table::TableHasher;
use crate::store::table::prefetch;
use std::cell::Cell;
use std::hash::BuildHasher;

/// Records of a segment at most: their hashes are two cache lines.
const SEGMENT_MAX: usize = 32;
/// Segments that are allocated together.
const PAGE_SEGMENTS: usize = 64;
/// Bits of a hash that the directory may use at most: 2^31 segments, more than memory holds.
const DEPTH_MAX: u32 = 31;
/// Records that two segments may have together to be joined: half full, so that the next ones do not split it again.
const JOINED_MAX: usize = SEGMENT_MAX / 2;
/// Number of draws that are known ahead.
const DRAWS_AHEAD: usize = 8;

thread_local! {
    /// Random numbers that [`Members::random_ahead`] will use next, whatever the table, and the turn of the next one.
    /// They are drawn without a look at any table: knowing them ahead changes nothing of their being random.
    static DRAWS: Cell<([u64; DRAWS_AHEAD], usize)> = Cell::new((std::array::from_fn(|_| fastrand::u64(..)), 0));
}

/// The hash of a member or field as [`Members`] takes it.
#[inline]
pub fn hash_of(bytes: &[u8]) -> u32 {
    (TableHasher.hash_one(bytes) >> 32) as u32
}

/// Where a record stands. Good until the table changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    segment: u32,
    at: u32,
}

impl Place {
    /// Its number, below [`Members::places`].
    pub fn number(self) -> usize {
        self.segment as usize * SEGMENT_MAX + self.at as usize
    }
}

/// In this order, so that what a look-up reads first stands together.
#[derive(Clone, Debug)]
#[repr(C)]
struct Segment<T> {
    len: u8,
    /// Number of first bits that the hashes here have in common, and in which they differ from all others.
    depth: u8,
    /// These bits, zeros behind them.
    prefix: u32,
    hashes: [u32; SEGMENT_MAX],
    records: [T; SEGMENT_MAX],
}

impl<T: Default> Segment<T> {
    fn new(depth: u32, prefix: u32) -> Segment<T> {
        let records = std::array::from_fn(|_| T::default());
        Segment { len: 0, depth: depth as u8, prefix, hashes: [0; SEGMENT_MAX], records }
    }

    fn len(&self) -> usize {
        usize::from(self.len)
    }

    fn push(&mut self, hash: u32, record: T) -> usize {
        let at = self.len();
        self.hashes[at] = hash;
        self.records[at] = record;
        self.len += 1;
        at
    }

    fn swap_remove(&mut self, at: usize) -> T {
        let last = self.len() - 1;
        self.hashes[at] = self.hashes[last];
        self.records.swap(at, last);
        self.len -= 1;
        std::mem::take(&mut self.records[last])
    }

    /// The places with this hash as bits. Compares all at once: faster than a loop that may stop.
    #[inline]
    fn matches(&self, hash: u32) -> u32 {
        let mut matches = 0;
        for (at, own) in self.hashes.iter().enumerate() {
            matches |= u32::from(*own == hash) << at;
        }
        matches & ((1u64 << self.len) - 1) as u32
    }
}

/// A hash table of records. It knows their hashes; what makes two of them equal, callers say.
#[derive(Clone, Debug)]
pub struct Members<T> {
    /// Segment `n` is `pages[n / PAGE_SEGMENTS][n % PAGE_SEGMENTS]`; all pages but the last are full.
    pages: Vec<Vec<Segment<T>>>,
    /// By the first `depth` bits of a hash: its segment.
    directory: Vec<u32>,
    depth: u32,
    /// Number of segments of each depth.
    at_depth: [u32; DEPTH_MAX as usize + 1],
    len: usize,
}

impl<T: Default> Default for Members<T> {
    fn default() -> Members<T> {
        Members::with_capacity(0)
    }
}

impl<T: Default> Members<T> {
    /// An empty table, laid out for `records`.
    pub fn with_capacity(records: usize) -> Members<T> {
        // Two thirds full: hashes spread unevenly, and a table is made to grow.
        let segments = (records * 3 / 2).div_ceil(SEGMENT_MAX).next_power_of_two();
        let depth = segments.trailing_zeros().min(DEPTH_MAX);
        let at_depth = [0; DEPTH_MAX as usize + 1];
        let mut members = Members { pages: Vec::new(), directory: Vec::new(), depth, at_depth, len: 0 };
        let prefixes = (0..1u64 << depth).map(|slot| (slot << (32 - depth)) as u32);
        members.directory = prefixes.map(|prefix| members.add_segment(Segment::new(depth, prefix))).collect();
        members
    }

    /// Number of records.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Numbers of places are below this: about one and a half times the records.
    pub fn places(&self) -> usize {
        self.segments() * SEGMENT_MAX
    }

    /// Bytes allocated, without what records point to.
    pub fn allocated_bytes(&self) -> usize {
        let segments: usize = self.pages.iter().map(|page| page.capacity()).sum();
        segments * size_of::<Segment<T>>()
            + self.pages.capacity() * size_of::<Vec<Segment<T>>>()
            + self.directory.capacity() * size_of::<u32>()
    }

    fn segments(&self) -> usize {
        self.pages.last().map_or(0, |last| (self.pages.len() - 1) * PAGE_SEGMENTS + last.len())
    }

    #[inline]
    fn segment(&self, number: u32) -> &Segment<T> {
        &self.pages[number as usize / PAGE_SEGMENTS][number as usize % PAGE_SEGMENTS]
    }

    #[inline]
    fn segment_mut(&mut self, number: u32) -> &mut Segment<T> {
        &mut self.pages[number as usize / PAGE_SEGMENTS][number as usize % PAGE_SEGMENTS]
    }

    #[inline]
    fn segment_of(&self, hash: u32) -> u32 {
        self.directory[self.slot_of(hash)]
    }

    /// The directory's entry for a hash.
    #[inline]
    fn slot_of(&self, hash: u32) -> usize {
        // As 64 bits, so that a depth of 0 shifts everything out.
        (u64::from(hash) >> (32 - self.depth)) as usize
    }

    fn add_segment(&mut self, segment: Segment<T>) -> u32 {
        let number = self.segments() as u32;
        self.at_depth[usize::from(segment.depth)] += 1;
        match self.pages.last_mut() {
            Some(page) if page.len() < PAGE_SEGMENTS => page.push(segment),
            _ => {
                // The first page grows with its table; later ones are there at once.
                let room = if self.pages.is_empty() { 1 } else { PAGE_SEGMENTS };
                let mut page = Vec::with_capacity(room);
                page.push(segment);
                self.pages.push(page);
            }
        }
        number
    }

    /// The place of the record with this hash that `is_it`. O(1).
    #[inline]
    pub fn find(&self, hash: u32, mut is_it: impl FnMut(&T) -> bool) -> Option<Place> {
        let number = self.segment_of(hash);
        let segment = self.segment(number);
        let mut matches = segment.matches(hash);
        while matches != 0 {
            let at = matches.trailing_zeros();
            if is_it(&segment.records[at as usize]) {
                return Some(Place { segment: number, at });
            }
            matches &= matches - 1;
        }
        None
    }

    /// The record at a place that was just found.
    #[inline]
    pub fn at(&self, place: Place) -> &T {
        &self.segment(place.segment).records[place.at as usize]
    }

    /// The same to change; its hash must stay.
    #[inline]
    pub fn at_mut(&mut self, place: Place) -> &mut T {
        &mut self.segment_mut(place.segment).records[place.at as usize]
    }

    /// Adds a record that is not there. Moves at most a segment's records, now and then the directory.
    pub fn insert(&mut self, hash: u32, record: T) {
        let mut number = self.segment_of(hash);
        while self.segment(number).len() == SEGMENT_MAX {
            self.split(number);
            number = self.segment_of(hash);
        }
        self.segment_mut(number).push(hash, record);
        self.len += 1;
    }

    /// Splits a full segment by the next bit.
    fn split(&mut self, number: u32) {
        let depth = u32::from(self.segment(number).depth);
        // 33 records that agree in 31 random bits are not met before memory ends.
        assert!(depth < DEPTH_MAX, "hashes of members spread over all their bits");
        if depth == self.depth {
            self.directory = self.directory.iter().flat_map(|&segment| [segment, segment]).collect();
            self.depth += 1;
        }
        self.at_depth[depth as usize] -= 1;
        self.at_depth[depth as usize + 1] += 1;
        let lower = self.segment_mut(number);
        let mut upper = Segment::new(depth + 1, lower.prefix | 1 << (31 - depth));
        lower.depth += 1;
        let mut at = 0;
        while at < lower.len() {
            if lower.hashes[at] << depth >> 31 == 1 {
                let hash = lower.hashes[at];
                let record = lower.swap_remove(at);
                upper.push(hash, record);
            } else {
                at += 1;
            }
        }
        let (prefix, upper) = (upper.prefix, self.add_segment(upper));
        self.point(prefix, depth + 1, upper);
    }

    /// Makes the directory's entries for a prefix of `depth` bits name a segment.
    fn point(&mut self, prefix: u32, depth: u32, segment: u32) {
        let first = self.slot_of(prefix);
        self.directory[first..first + (1 << (self.depth - depth))].fill(segment);
    }

    /// Takes out the record at a place that was just found. Moves at most a segment's records, now and then the
    /// directory.
    #[inline]
    pub fn remove(&mut self, place: Place) -> T {
        let segment = self.segment_mut(place.segment);
        let record = segment.swap_remove(place.at as usize);
        let left = segment.len();
        self.len -= 1;
        // Not at every removal: whoever of two neighbours comes to one of these sizes last finds the other small.
        if matches!(left, 0 | 1 | 2 | 4 | 8) {
            self.join(place.segment);
        }
        record
    }

    /// Joins a segment with the one that differs in the last of its bits, if they are few together, and what comes of
    /// it with the next.
    #[inline(never)]
    fn join(&mut self, mut number: u32) {
        while let Some(joined) = self.join_once(number) {
            number = joined;
        }
    }

    fn join_once(&mut self, number: u32) -> Option<u32> {
        let segment = self.segment(number);
        let (depth, len) = (u32::from(segment.depth), segment.len());
        if depth == 0 {
            return None;
        }
        let bit = 1 << (32 - depth);
        let (lower, upper) = (self.segment_of(segment.prefix & !bit), self.segment_of(segment.prefix | bit));
        let other = self.segment(if lower == number { upper } else { lower });
        if u32::from(other.depth) != depth || len + other.len() > JOINED_MAX {
            return None;
        }
        let mut gone = self.take_segment(upper);
        // The last segment may have moved to where the upper one was.
        let lower = self.segment_of(gone.prefix & !bit);
        let kept = self.segment_mut(lower);
        for at in 0..gone.len() {
            kept.push(gone.hashes[at], std::mem::take(&mut gone.records[at]));
        }
        kept.depth -= 1;
        self.at_depth[depth as usize] -= 1;
        self.at_depth[depth as usize - 1] += 1;
        self.point(gone.prefix, depth, lower);
        // Two levels unused: one is left for the next splits.
        while self.depth > 1 && self.at_depth[self.depth as usize] == 0 && self.at_depth[self.depth as usize - 1] == 0 {
            self.directory = self.directory.iter().copied().step_by(2).collect();
            self.depth -= 1;
        }
        Some(lower)
    }

    /// Takes a segment out of its page; the last one gets its number. Its directory entries are left as they are.
    fn take_segment(&mut self, number: u32) -> Segment<T> {
        let last_number = self.segments() as u32 - 1;
        let page = self.pages.last_mut().expect("there is a segment");
        let last = page.pop().expect("no page is empty");
        if page.is_empty() {
            self.pages.pop();
        }
        self.at_depth[usize::from(last.depth)] -= 1;
        if number == last_number {
            return last;
        }
        self.at_depth[usize::from(last.depth)] += 1;
        self.point(last.prefix, last.depth.into(), number);
        let gone = std::mem::replace(self.segment_mut(number), last);
        self.at_depth[usize::from(gone.depth)] -= 1;
        gone
    }

    /// Any record's place, each equally likely; `None` of an empty table. O(1): two draws on average.
    #[inline]
    pub fn random(&self) -> Option<Place> {
        if self.len == 0 {
            return None;
        }
        loop {
            if let Some(place) = self.drawn(fastrand::u64(..)) {
                return Some(place);
            }
        }
    }

    /// As [`random`](Self::random), for a record that is to go: the next ones are known ahead, so that the lines of
    /// their segments, and then those behind `address`, are asked for while others are still being served.
    #[inline]
    pub fn random_ahead(&self, address: impl Fn(&T) -> *const u8) -> Option<Place> {
        if self.len == 0 {
            return None;
        }
        DRAWS.with(|draws| {
            loop {
                let (mut numbers, turn) = draws.get();
                let far = fastrand::u64(..);
                let number = std::mem::replace(&mut numbers[turn], far);
                let near = numbers[(turn + DRAWS_AHEAD / 2) % DRAWS_AHEAD];
                draws.set((numbers, (turn + 1) % DRAWS_AHEAD));
                let (segment, at) = self.place_drawn(far);
                let segment = self.segment(segment);
                prefetch(std::ptr::from_ref(segment).cast());
                prefetch(std::ptr::from_ref(&segment.records[at as usize]).cast());
                if let Some(place) = self.drawn(near) {
                    prefetch(address(self.at(place)));
                }
                if let Some(place) = self.drawn(number) {
                    return Some(place);
                }
            }
        })
    }

    /// The place that a random number means, if it is used.
    #[inline]
    fn drawn(&self, number: u64) -> Option<Place> {
        let (segment, at) = self.place_drawn(number);
        (at < self.segment(segment).len.into()).then_some(Place { segment, at })
    }

    #[inline]
    fn place_drawn(&self, number: u64) -> (u32, u32) {
        let segment = ((number >> 32) * self.segments() as u64) >> 32;
        (segment as u32, number as u32 % SEGMENT_MAX as u32)
    }

    /// `count` distinct places, each choice of them equally likely; all when there are not more. O(count).
    pub fn random_distinct(&self, count: usize, mut each: impl FnMut(&T)) {
        // Beyond this share of the records, drawing would meet those already drawn too often.
        if count >= self.len / 3 {
            let mut sample = super::sample::distinct(self.len, count);
            let mut wanted = sample.next();
            for (index, record) in self.iter().enumerate() {
                if wanted == Some(index) {
                    each(record);
                    wanted = sample.next();
                }
            }
            return;
        }
        let mut seen = std::collections::HashSet::with_capacity_and_hasher(count, TableHasher);
        while seen.len() < count {
            let Some(place) = self.random() else { return };
            if seen.insert(place) {
                each(self.at(place));
            }
        }
    }

    /// Hands every record and the number of its place to `each`.
    pub fn for_each_place(&self, mut each: impl FnMut(usize, &T)) {
        for (number, segment) in self.pages.iter().flatten().enumerate() {
            for (at, record) in segment.records[..segment.len()].iter().enumerate() {
                each(number * SEGMENT_MAX + at, record);
            }
        }
    }

    /// All records, in no order worth relying on.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { pages: self.pages.iter(), segments: [].iter(), records: [].iter() }
    }

    /// One SCAN step: hands about `count` records to `each` and returns the next cursor; 0 begins and ends.
    ///
    /// What is there during the whole scan is shown exactly once. At least one segment is shown, so up to
    /// [`SEGMENT_MAX`] records more than asked for.
    pub fn scan(&self, cursor: u64, count: usize, mut each: impl FnMut(&T)) -> u64 {
        let Ok(from) = u32::try_from(cursor) else { return 0 };
        let (mut slot, mut shown) = (self.slot_of(from), 0);
        loop {
            let segment = self.segment(self.directory[slot]);
            for (hash, record) in segment.hashes.iter().zip(&segment.records).take(segment.len()) {
                // Only of the first segment a part may have been shown: it was joined with another since.
                if *hash >= from {
                    each(record);
                    shown += 1;
                }
            }
            let run = 1usize << (self.depth - u32::from(segment.depth));
            slot = (slot & !(run - 1)) + run;
            if slot >= self.directory.len() {
                return 0;
            }
            if shown >= count.max(1) {
                return (slot as u64) << (32 - self.depth);
            }
        }
    }

    /// Asks for the lines of the segment that a look-up of `hash` begins with.
    #[inline]
    pub fn prefetch_segment(&self, hash: u32) {
        let start = std::ptr::from_ref(self.segment(self.segment_of(hash))).cast::<u8>();
        prefetch(start);
        prefetch(start.wrapping_add(64));
        prefetch(start.wrapping_add(128));
    }

    /// Asks for the lines that a look-up of each of `hashes` will touch, three steps deep; `address` says what a
    /// record points to.
    pub fn prefetch(&self, hashes: &[u32], address: impl Fn(&T) -> *const u8) {
        hashes.iter().for_each(|hash| self.prefetch_segment(*hash));
        for hash in hashes {
            let segment = self.segment(self.segment_of(*hash));
            let matches = segment.matches(*hash);
            // Where it stands, or where it will be put.
            let at = if matches == 0 { segment.len() } else { matches.trailing_zeros() as usize };
            if let Some(record) = segment.records.get(at) {
                prefetch(std::ptr::from_ref(record).cast());
            }
        }
        for hash in hashes {
            if let Some(place) = self.find(*hash, |_| true) {
                prefetch(address(self.at(place)));
            }
        }
    }
}

/// Records of a [`Members`].
#[derive(Clone, Debug)]
pub struct Iter<'a, T> {
    pages: std::slice::Iter<'a, Vec<Segment<T>>>,
    segments: std::slice::Iter<'a, Segment<T>>,
    records: std::slice::Iter<'a, T>,
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        loop {
            if let Some(record) = self.records.next() {
                return Some(record);
            }
            match self.segments.next() {
                Some(segment) => self.records = segment.records[..usize::from(segment.len)].iter(),
                None => self.segments = self.pages.next()?.iter(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
