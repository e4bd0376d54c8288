//! Ranges of a sorted set as clients ask for them: by score and by member, each end open, closed or absent.

/// Members whose scores lie between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// Lowest score.
    pub min: f64,
    /// Highest score.
    pub max: f64,
    /// Whether a score equal to `min` is outside.
    pub min_exclusive: bool,
    /// Whether a score equal to `max` is outside.
    pub max_exclusive: bool,
}

impl ScoreRange {
    /// Whether `score` lies below the range.
    pub fn is_below(&self, score: f64) -> bool {
        if self.min_exclusive { score <= self.min } else { score < self.min }
    }

    /// Whether `score` lies below the range or inside it.
    pub fn is_not_above(&self, score: f64) -> bool {
        if self.max_exclusive { score < self.max } else { score <= self.max }
    }
}

/// One end of a range by member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// Before every member (`-`).
    Lowest,
    /// After every member (`+`).
    Highest,
    /// This member and what is inside of it (`[member`).
    Inclusive(&'a [u8]),
    /// What is inside of this member (`(member`).
    Exclusive(&'a [u8]),
}

/// Members between two members, in a set whose scores are all equal (elsewhere what is found is undefined).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LexRange<'a> {
    /// Lower end.
    pub min: LexBound<'a>,
    /// Upper end.
    pub max: LexBound<'a>,
}

impl LexRange<'_> {
    /// Whether `member` lies below the range.
    pub fn is_below(&self, member: &[u8]) -> bool {
        match self.min {
            LexBound::Lowest => false,
            LexBound::Highest => true,
            LexBound::Inclusive(min) => member < min,
            LexBound::Exclusive(min) => member <= min,
        }
    }

    /// Whether `member` lies below the range or inside it.
    pub fn is_not_above(&self, member: &[u8]) -> bool {
        match self.max {
            LexBound::Lowest => false,
            LexBound::Highest => true,
            LexBound::Inclusive(max) => member <= max,
            LexBound::Exclusive(max) => member < max,
        }
    }
}
