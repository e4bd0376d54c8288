//! One directive: what values it takes, and the canonical form in which a value is kept and shown.
//!
//! A value is a byte string in canonical form: what CONFIG GET answers. `1gb` becomes `1073741824`, `YES`
//! becomes `yes`. Texts of errors are the reference's.

use crate::command::number::parse_int;
use crate::command::quotable;
use std::borrow::Cow;

/// Why a value is refused.
pub type Refusal = Cow<'static, str>;

/// Reads the words of a value with rules of its own: `(current value, words)` to the canonical form.
pub type OwnRule = fn(&[u8], &[&[u8]]) -> Result<Vec<u8>, Refusal>;

/// What a directive takes.
#[derive(Clone, Copy)]
pub enum Kind {
    /// `yes` or `no`.
    YesNo,
    /// An integer of this range.
    Int(i64, i64),
    /// An octal number up to 0777.
    Octal,
    /// Bytes of this range, with an optional unit.
    Memory(u64, u64),
    /// Bytes, or a percentage of `maxmemory`.
    MemoryOrPercent,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Some of these words; the first means none.
    SomeOf(&'static [&'static str]),
    /// Any text.
    Text,
    /// The name of a file, without a directory; the text names what is refused otherwise.
    FileName(&'static str),
    /// Several words with rules of their own.
    Own(OwnRule),
}

/// A row of the table of directives.
#[derive(Clone, Copy)]
pub struct Directive {
    /// Its name.
    pub name: &'static str,
    /// An older name, if it has one.
    pub alias: Option<&'static str>,
    /// What it takes.
    pub kind: Kind,
    /// Its value unless set.
    pub default: &'static str,
    /// Cannot change at run time.
    pub immutable: bool,
    /// Changes at run time only with `enable-protected-configs`.
    pub protected: bool,
    /// CONFIG GET shows it only by its whole name.
    pub hidden: bool,
    /// Its value is a secret: never logged.
    pub secret: bool,
    /// Known and kept, but without effect here: setting it at start-up is answered by a warning.
    pub ignored: bool,
}

impl Directive {
    const fn new(name: &'static str, kind: Kind, default: &'static str) -> Directive {
        Directive {
            name,
            alias: None,
            kind,
            default,
            immutable: false,
            protected: false,
            hidden: false,
            secret: false,
            ignored: false,
        }
    }

    /// It cannot change at run time.
    pub const fn fixed(self) -> Directive {
        Directive { immutable: true, ..self }
    }

    /// It changes at run time only with `enable-protected-configs`.
    pub const fn protected(self) -> Directive {
        Directive { protected: true, ..self }
    }

    /// CONFIG GET shows it only by its whole name.
    pub const fn hidden(self) -> Directive {
        Directive { hidden: true, ..self }
    }

    /// Its value is never logged.
    pub const fn secret(self) -> Directive {
        Directive { secret: true, ..self }
    }

    /// It has no effect here.
    pub const fn ignored(self) -> Directive {
        Directive { ignored: true, ..self }
    }

    /// It has an older name too.
    pub const fn alias(self, alias: &'static str) -> Directive {
        Directive { alias: Some(alias), ..self }
    }

    /// Does it take several words?
    pub fn takes_words(&self) -> bool {
        matches!(self.kind, Kind::SomeOf(_) | Kind::Own(_))
    }

    /// The canonical form of a value given as words; `current` is the value it replaces. A directive that
    /// takes one word is handed exactly one.
    pub fn read(&self, current: &[u8], words: &[&[u8]]) -> Result<Vec<u8>, Refusal> {
        let word = words.first().copied().unwrap_or_default();
        match self.kind {
            Kind::YesNo => {
                let known = ["yes", "no"].into_iter().find(|known| word.eq_ignore_ascii_case(known.as_bytes()));
                known.map(Vec::from).ok_or(Cow::Borrowed("argument must be 'yes' or 'no'"))
            }
            Kind::Int(min, max) => {
                let value = parse_int(word).ok_or("argument couldn't be parsed into an integer")?;
                if (min..=max).contains(&value) {
                    Ok(value.to_string().into_bytes())
                } else {
                    Err(format!("argument must be between {min} and {max} inclusive").into())
                }
            }
            Kind::Octal => {
                let value = std::str::from_utf8(word).ok().and_then(|word| u32::from_str_radix(word, 8).ok());
                match value.ok_or("argument couldn't be parsed as an octal number")? {
                    value @ 0..=0o777 => Ok(format!("{value:o}").into_bytes()),
                    _ => Err("argument must be between 0 and 777 inclusive".into()),
                }
            }
            Kind::Memory(min, max) => {
                // The reference reads it as a C string.
                let value = memory(quotable(word, usize::MAX)).ok_or("argument must be a memory value")?;
                if (min..=max).contains(&value) {
                    Ok(value.to_string().into_bytes())
                } else {
                    Err(format!("argument must be between {min} and {max} inclusive").into())
                }
            }
            Kind::MemoryOrPercent => memory_or_percent(word),
            Kind::OneOf(known) => one_of(known, word).map(Vec::from).ok_or_else(|| must_be_one_of(known)),
            Kind::SomeOf(known) => some_of(known, words),
            Kind::Text => Ok(word.to_vec()),
            Kind::FileName(_) if !word.contains(&b'/') => Ok(word.to_vec()),
            Kind::FileName(refusal) => Err(refusal.into()),
            Kind::Own(rule) => rule(current, words),
        }
    }
}

/// A directive of `yes` or `no`.
pub const fn yes_no(name: &'static str, default: &'static str) -> Directive {
    Directive::new(name, Kind::YesNo, default)
}

/// A directive of an integer between `min` and `max`.
pub const fn int(name: &'static str, default: &'static str, min: i64, max: i64) -> Directive {
    Directive::new(name, Kind::Int(min, max), default)
}

/// A directive of bytes between `min` and `max`.
pub const fn bytes(name: &'static str, default: &'static str, min: u64, max: u64) -> Directive {
    Directive::new(name, Kind::Memory(min, max), default)
}

/// A directive of one of some words.
pub const fn one(name: &'static str, default: &'static str, known: &'static [&'static str]) -> Directive {
    Directive::new(name, Kind::OneOf(known), default)
}

/// A directive of any text.
pub const fn text(name: &'static str, default: &'static str) -> Directive {
    Directive::new(name, Kind::Text, default)
}

/// A directive of any other kind.
pub const fn other(name: &'static str, default: &'static str, kind: Kind) -> Directive {
    Directive::new(name, kind, default)
}

/// Bytes with an optional unit: `b`, `k` = 1000, `kb` = 1024, and so on for `m` and `g`, whatever the case.
pub fn memory(word: &[u8]) -> Option<u64> {
    let split = word.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(word.len());
    let (digits, unit) = word.split_at(split);
    let factor: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    if digits.len() >= 128 {
        return None;
    }
    let value =
        digits.iter().fold(0u64, |value, digit| value.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(value.saturating_mul(factor))
}

fn memory_or_percent(word: &[u8]) -> Result<Vec<u8>, Refusal> {
    let refusal = "argument must be a memory or percent value";
    let Some(percent) = word.strip_suffix(b"%") else {
        return Ok(memory(word).ok_or(refusal)?.to_string().into_bytes());
    };
    match parse_int(percent).filter(|percent| *percent >= 0).ok_or(refusal)? {
        percent @ 0..=100 => Ok(format!("{percent}%").into_bytes()),
        _ => Err("percentage argument must be less or equal to 100".into()),
    }
}

fn one_of(known: &'static [&'static str], word: &[u8]) -> Option<&'static str> {
    known.iter().copied().find(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

fn must_be_one_of(known: &[&str]) -> Refusal {
    format!("argument(s) must be one of the following: {}", known.join(", ")).into()
}

fn some_of(known: &'static [&'static str], words: &[&[u8]]) -> Result<Vec<u8>, Refusal> {
    let mut chosen = Vec::new();
    for word in words {
        chosen.push(one_of(known, word).ok_or_else(|| must_be_one_of(known))?);
    }
    let listed: Vec<&str> = known.iter().skip(1).copied().filter(|known| chosen.contains(known)).collect();
    Ok(if listed.is_empty() { known[0].into() } else { listed.join(" ").into_bytes() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(directive: Directive, word: &str) -> Result<String, String> {
        let value = directive.read(b"", &[word.as_bytes()]).map_err(|refusal| refusal.into_owned())?;
        Ok(String::from_utf8(value).unwrap())
    }

    #[test]
    fn units_of_memory_are_the_reference_s() {
        for (text, value) in [("1gb", 1 << 30), ("1G", 1_000_000_000), ("10b", 10), ("2Kb", 2048), ("7m", 7_000_000)] {
            assert_eq!(memory(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["-1", "1tb", "x", "1 gb"] {
            assert_eq!(memory(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_refused_value_is_told_in_the_reference_s_words() {
        let refused = |directive, word| read(directive, word).unwrap_err();
        assert_eq!(refused(yes_no("x", "no"), "maybe"), "argument must be 'yes' or 'no'");
        assert_eq!(refused(int("x", "1", 1, 9), "z"), "argument couldn't be parsed into an integer");
        assert_eq!(refused(int("x", "1", 1, 9), "10"), "argument must be between 1 and 9 inclusive");
        assert_eq!(refused(bytes("x", "1", 5, 9), "4"), "argument must be between 5 and 9 inclusive");
        assert_eq!(refused(one("x", "a", &["a", "b"]), "c"), "argument(s) must be one of the following: a, b");
        let percent = other("x", "0", Kind::MemoryOrPercent);
        assert_eq!(refused(percent, "200%"), "percentage argument must be less or equal to 100");
        assert_eq!(refused(percent, "x"), "argument must be a memory or percent value");
    }

    #[test]
    fn values_are_kept_in_canonical_form() {
        assert_eq!(read(yes_no("x", "no"), "YES").unwrap(), "yes");
        assert_eq!(read(bytes("x", "1", 0, u64::MAX), "1mb").unwrap(), "1048576");
        let words: &[&[u8]] = &[b"now", b"NOSAVE"];
        let some = other("x", "default", Kind::SomeOf(&["default", "save", "nosave", "now", "force"]));
        assert_eq!(some.read(b"", words).unwrap(), b"nosave now");
    }
}
