//! Glob patterns as KEYS, SCAN MATCH, PSUBSCRIBE, CONFIG GET and ACL rules read them.
//!
//! `*` any bytes, `?` one byte, `[abc]`, `[^abc]`, `[a-z]` one byte of a class, `\x` the byte itself. Bytes, not
//! characters; the corner cases (an empty text, an unclosed class, reversed and high ranges) are the reference's.

/// A pattern to try on many texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern<'p> {
    pattern: &'p [u8],
    any: bool,
}

impl<'p> Pattern<'p> {
    /// Reads `pattern`; a lone `*` matches everything, even the empty text that [`matches`] denies it.
    pub fn new(pattern: &'p [u8]) -> Pattern<'p> {
        Pattern { pattern, any: pattern == b"*" }
    }

    /// Whether every text matches, without looking.
    pub fn is_any(&self) -> bool {
        self.any
    }

    /// The pattern itself.
    pub fn bytes(&self) -> &'p [u8] {
        self.pattern
    }

    /// Whether `text` matches. See [`matches`] for the cost.
    pub fn matches(&self, text: &[u8]) -> bool {
        self.any || matches(self.pattern, text)
    }
}

/// Whether all of `text` matches `pattern`.
///
/// O(pattern × text) at worst, without recursion: when what follows a `*` does not match, only the last `*`
/// takes another byte. An earlier one need not be tried again, as the later one can take whatever it would.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    matches_by(pattern, text, u8::clone)
}

/// [`matches`], upper and lower case ASCII letters being the same (except behind `\` in a class).
pub fn matches_ignoring_case(pattern: &[u8], text: &[u8]) -> bool {
    matches_by(pattern, text, u8::to_ascii_lowercase)
}

fn matches_by(pattern: &[u8], text: &[u8], fold: fn(&u8) -> u8) -> bool {
    if text.is_empty() {
        // The reference does not even let `*` match nothing here.
        return pattern.is_empty();
    }
    let (mut rest, mut at) = (pattern, 0);
    // What follows the last `*`, and where in the text it was last tried.
    let mut retry: Option<(&[u8], usize)> = None;
    while at < text.len() {
        if let [b'*', behind @ ..] = rest {
            rest = skip_stars(behind);
            if rest.is_empty() {
                return true;
            }
            retry = Some((rest, at));
            continue;
        }
        match step(rest, text[at], fold) {
            Some(behind) => {
                rest = behind;
                at += 1;
            }
            None => {
                let Some((behind, tried)) = retry else { return false };
                rest = behind;
                at = tried + 1;
                retry = Some((behind, at));
            }
        }
    }
    skip_stars(rest).is_empty()
}

fn skip_stars(pattern: &[u8]) -> &[u8] {
    let stars = pattern.iter().take_while(|&&byte| byte == b'*').count();
    &pattern[stars..]
}

/// The pattern behind its first item if that matches `byte`.
#[inline]
fn step(pattern: &[u8], byte: u8, fold: fn(&u8) -> u8) -> Option<&[u8]> {
    match pattern {
        [] => None,
        [b'?', behind @ ..] => Some(behind),
        [b'[', class @ ..] => step_class(class, byte, fold),
        [b'\\', literal, behind @ ..] | [literal, behind @ ..] => (fold(literal) == fold(&byte)).then_some(behind),
    }
}

/// [`step`] behind a `[`. An unclosed class ends with the pattern.
fn step_class(class: &[u8], byte: u8, fold: fn(&u8) -> u8) -> Option<&[u8]> {
    let (negated, mut class) = match class {
        [b'^', class @ ..] => (true, class),
        _ => (false, class),
    };
    let mut found = false;
    let behind = loop {
        class = match class {
            [] => break class,
            [b'\\', literal, next @ ..] => {
                found |= *literal == byte;
                next
            }
            [b']', behind @ ..] => break behind,
            [start, b'-', end, next @ ..] => {
                found |= in_range(*start, *end, byte, fold);
                next
            }
            [literal, next @ ..] => {
                found |= fold(literal) == fold(&byte);
                next
            }
        };
    };
    (found != negated).then_some(behind)
}

/// The reference compares `char`s, which are signed: 0x80 to 0xFF come before 0.
fn in_range(start: u8, end: u8, byte: u8, fold: fn(&u8) -> u8) -> bool {
    let (low, high) = if start.cast_signed() <= end.cast_signed() { (start, end) } else { (end, start) };
    let signed = |byte: u8| fold(&byte).cast_signed();
    (signed(low)..=signed(high)).contains(&signed(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        for text in yes {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern} should match {text}");
        }
        for text in no {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern} should not match {text}");
        }
    }

    #[test]
    fn stars_and_question_marks() {
        check("h?llo", &["hello", "hxllo", "h?llo"], &["hllo", "heello", "hello "]);
        check("h*llo", &["hllo", "heeeello", "hllollo"], &["hell", "ahllo"]);
        check("*", &["a", "abc"], &[""]);
        check("**a**", &["a", "bab"], &["", "b"]);
        check("a*", &["a", "ab"], &["b", ""]);
        check("*?", &["a", "ab"], &[""]);
        check("a*b*c", &["abc", "aXbYbZc", "abcbc"], &["acb", "ab", "abcd"]);
        check("", &[""], &["a"]);
    }

    #[test]
    fn classes() {
        check("h[ae]llo", &["hello", "hallo"], &["hillo", "hllo"]);
        check("h[^e]llo", &["hallo", "hbllo"], &["hello", "hllo"]);
        check("h[a-b]llo", &["hallo", "hbllo"], &["hcllo", "h-llo"]);
        check("h[b-a]llo", &["hallo", "hbllo"], &["hcllo"]);
        check("[a-]", &["a", "]", "_"], &["-", "b"]);
        check("[-a]", &["a", "-"], &["b"]);
        check("[a-c", &["a", "b", "c"], &["d"]);
        check("[ab", &["a", "b"], &["c", "[ab"]);
        check("[^", &["x"], &[""]);
        check("[", &[], &["[", "a"]);
        check("[]", &[], &["]", "a"]);
        check("[^]", &["a", "]"], &["ab"]);
        check("[\\]]", &["]"], &["\\"]);
        check("[a\\-z]", &["a", "-", "z"], &["b", "\\"]);
        check("[\\", &["\\"], &["["]);
        check("[a-\\]x]", &["_x]"], &["x", "_"]);
    }

    #[test]
    fn escapes() {
        check("a\\*", &["a*"], &["ab", "a\\*"]);
        check("\\?", &["?"], &["a"]);
        check("\\[a]", &["[a]"], &["a"]);
        check("a\\", &["a\\"], &["a"]);
    }

    #[test]
    fn case_is_ignored_when_asked_for() {
        assert!(matches_ignoring_case(b"HeL*[A-C]", b"hello worldB") && !matches(b"H", b"h"));
        assert!(matches_ignoring_case(b"[x]", b"X") && !matches_ignoring_case(b"[\\x]", b"X"));
    }

    #[test]
    fn ranges_beyond_ascii_are_signed() {
        assert!(matches(&[b'[', 0x80, b'-', 0x05, b']'], &[0x00]));
        assert!(!matches(&[b'[', 0x80, b'-', 0x05, b']'], &[0x06]));
        assert!(matches(&[b'[', 0x05, b'-', 0x80, b']'], &[0xff]));
    }

    #[test]
    fn many_stars_do_not_explode() {
        let pattern = b"a*".repeat(100);
        let text = b"a".repeat(10_000);
        // An exponential matcher would not come back from this.
        assert!(!matches(&[&pattern[..], b"b"].concat(), &text));
        assert!(matches(&pattern, &text));
    }
}
