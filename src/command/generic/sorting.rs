//! SORT and SORT_RO: the elements of a list, set or sorted set in order of themselves or of other keys.
//!
//! Keys named by BY and GET patterns are only known while it runs: the whole database is locked for them, and in
//! a cluster they are refused.

use std::cmp::Ordering;
use std::ops::Range;

use crate::command::number::{int, parse_float};
use crate::command::partial_sort::partial_sort;
use crate::command::{Args, Ctx, Error, Outcome, quotable};
use crate::store::value::hash::Hash;
use crate::store::value::list::{End, List};
use crate::store::{Event, Key, Object, Ttl, Tx};

/// The options of one request.
struct Options<'a> {
    descending: bool,
    alpha: bool,
    limit: (i64, i64),
    /// The BY pattern; one without `*` means not to sort at all.
    by: Option<Pattern<'a>>,
    unsorted: bool,
    get: Vec<Pattern<'a>>,
    store: Option<Key<'a>>,
}

/// Where a value is found that belongs to an element.
#[derive(Clone, Copy)]
enum Pattern<'a> {
    /// `#`: the element itself.
    Element,
    /// No `*`: there is none.
    Nothing,
    /// At the key `prefix` + element + `suffix`: a string, or a hash's field.
    Key { prefix: &'a [u8], suffix: &'a [u8], field: Option<&'a [u8]> },
}

/// What elements are ordered by.
enum Weight {
    Number(f64),
    Text(Option<Vec<u8>>),
}

struct Element {
    text: Vec<u8>,
    weight: Weight,
}

impl<'a> Options<'a> {
    fn parse(ctx: &Ctx<'_>, args: Args<'a>, read_only: bool) -> Result<Options<'a>, Error> {
        let mut options = Options {
            descending: false,
            alpha: false,
            limit: (0, -1),
            by: None,
            unsorted: false,
            get: Vec::new(),
            store: None,
        };
        let mut at = 2;
        while let Some(word) = args.get(at) {
            let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
            let left = args.len() - at - 1;
            at += 1;
            if is("asc") {
                options.descending = false;
            } else if is("desc") {
                options.descending = true;
            } else if is("alpha") {
                options.alpha = true;
            } else if is("limit") && left >= 2 {
                options.limit = (int(args.at(at))?, int(args.at(at + 1))?);
                at += 2;
            } else if is("store") && left >= 1 && !read_only {
                options.store = Some(args.key(at));
                at += 1;
            } else if is("by") && left >= 1 {
                let pattern = args.at(at);
                if !pattern.contains(&b'*') {
                    options.unsorted = true;
                } else if ctx.config.cluster_enabled {
                    return Err(Error::Static("ERR BY option of SORT denied in Cluster mode."));
                }
                options.by = Some(Pattern::parse(pattern));
                at += 1;
            } else if is("get") && left >= 1 {
                if ctx.config.cluster_enabled {
                    return Err(Error::Static("ERR GET option of SORT denied in Cluster mode."));
                }
                options.get.push(Pattern::parse(args.at(at)));
                at += 1;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    /// The range of elements that LIMIT leaves of `length`.
    fn range(&self, length: usize) -> Range<usize> {
        let clip = |bound: i64, least: i64| bound.clamp(least, length as i64);
        let (start, count) = (clip(self.limit.0, 0) as usize, clip(self.limit.1, -1));
        let end = usize::try_from(count).map_or(length, |count| (start + count).min(length));
        start..end.max(start)
    }
}

impl<'a> Pattern<'a> {
    fn parse(text: &'a [u8]) -> Pattern<'a> {
        if text == b"#" {
            return Pattern::Element;
        }
        let Some(star) = memchr::memchr(b'*', text) else { return Pattern::Nothing };
        let (prefix, rest) = (&text[..star], &text[star + 1..]);
        match memchr::memmem::find(rest, b"->") {
            Some(arrow) if arrow + 2 < rest.len() => {
                Pattern::Key { prefix, suffix: &rest[..arrow], field: Some(&rest[arrow + 2..]) }
            }
            _ => Pattern::Key { prefix, suffix: rest, field: None },
        }
    }

    /// The value that belongs to `element`, if there is one of the right type.
    fn value(self, tx: &Tx<'_>, element: &[u8]) -> Option<Vec<u8>> {
        match self {
            Pattern::Element => Some(element.to_vec()),
            Pattern::Nothing => None,
            Pattern::Key { prefix, suffix, field } => {
                let name = [prefix, element, suffix].concat();
                let key = Key::new(&name);
                match field {
                    Some(field) => Some(tx.read::<Hash>(key).ok()??.get(field)?.to_vec()),
                    None => Some(tx.string(key).ok()??.to_vec()),
                }
            }
        }
    }
}

/// SORT key [options].
pub(super) fn sort(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, false)
}

/// SORT_RO key [options].
pub(super) fn sort_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, true)
}

/// Whether a request looks at keys that it does not name.
pub(super) fn reaches_other_keys(args: Args<'_>) -> bool {
    let names = |word: &[u8]| word.eq_ignore_ascii_case(b"by") || word.eq_ignore_ascii_case(b"get");
    args.skip(2).zip(args.skip(3)).any(|(word, pattern)| names(word) && pattern.contains(&b'*'))
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, read_only: bool) -> Outcome {
    let mut options = Options::parse(ctx, args, read_only)?;
    let texts = elements(ctx, args.key(1), &mut options)?;
    let range = options.range(texts.len());
    let sorted = if options.unsorted { texts } else { order(&ctx.tx, texts, &options, range.clone())? };
    let mut output: Vec<Option<Vec<u8>>> = Vec::new();
    for text in sorted.into_iter().skip(range.start).take(range.len()) {
        if options.get.is_empty() {
            output.push(Some(text));
        } else {
            output.extend(options.get.iter().map(|pattern| pattern.value(&ctx.tx, &text)));
        }
    }
    match options.store {
        Some(key) => store(ctx, key, &output),
        None => {
            ctx.reply.array(output.len());
            for value in &output {
                match value {
                    Some(value) => ctx.reply.bulk(value),
                    None => ctx.reply.null(),
                }
            }
        }
    }
    Ok(())
}

/// The elements at `key` in the order they have there.
fn elements(ctx: &Ctx<'_>, key: Key<'_>, options: &mut Options<'_>) -> Result<Vec<Vec<u8>>, Error> {
    Ok(match ctx.tx.object(key)?.as_deref() {
        None => Vec::new(),
        Some(Object::List(list)) => {
            let mut elements: Vec<_> = list.iter().map(|element| element.to_vec()).collect();
            if options.unsorted && options.descending {
                elements.reverse();
            }
            elements
        }
        Some(Object::Set(set)) => {
            if options.unsorted && options.store.is_some() {
                // A set has no order of its own, and what is stored must not depend on chance.
                (options.unsorted, options.alpha, options.by) = (false, true, None);
            }
            set.iter().map(|member| member.to_vec()).collect()
        }
        Some(Object::SortedSet(sorted_set)) => {
            let mut members: Vec<_> = sorted_set.iter().map(|(member, _)| member.to_vec()).collect();
            if options.unsorted && options.descending {
                members.reverse();
            }
            members
        }
        Some(Object::Hash(_) | Object::Stream(_)) => return Err(Error::WrongType),
    })
}

/// The elements in order, at least those in `wanted`.
fn order(tx: &Tx<'_>, texts: Vec<Vec<u8>>, options: &Options<'_>, wanted: Range<usize>) -> Result<Vec<Vec<u8>>, Error> {
    let weigh = |text: Vec<u8>| {
        let value = options.by.map(|pattern| pattern.value(tx, &text));
        let weight = match (options.alpha, value) {
            (true, None) => Weight::Text(None),
            (true, Some(value)) => Weight::Text(value),
            // An element whose weight is missing weighs 0.
            (false, Some(None)) => Weight::Number(0.0),
            (false, Some(Some(value))) => Weight::Number(number(&value)?),
            (false, None) => Weight::Number(number(&text)?),
        };
        Ok(Element { text, weight })
    };
    let mut elements = texts.into_iter().map(weigh).collect::<Result<Vec<Element>, Error>>()?;
    let compare = |a: &Element, b: &Element| {
        let order = match (&a.weight, &b.weight) {
            (Weight::Number(x), Weight::Number(y)) => {
                x.partial_cmp(y).unwrap_or(Ordering::Equal).then_with(|| a.text.cmp(&b.text))
            }
            (Weight::Text(x), Weight::Text(y)) if options.by.is_some() => x.cmp(y),
            _ => a.text.cmp(&b.text),
        };
        if options.descending { order.reverse() } else { order }
    };
    // Elements of the same weight: sorted whole, they stay in the order they had.
    if options.by.is_some() && wanted.len() < elements.len() {
        partial_sort(&mut elements, wanted, compare);
    } else {
        elements.sort_by(compare);
    }
    Ok(elements.into_iter().map(|element| element.text).collect())
}

/// A weight as `strtod` reads it: unlike elsewhere, spaces in front and an empty text are fine.
fn number(text: &[u8]) -> Result<f64, Error> {
    // A C string: it ends at a zero byte.
    let text = quotable(text, usize::MAX);
    if text.is_empty() {
        return Ok(0.0);
    }
    let spaces = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
    parse_float(&text[spaces..]).ok_or(Error::Static("ERR One or more scores can't be converted into double"))
}

/// Makes `key` a list of the values, those that are missing as empty ones, and answers their number.
fn store(ctx: &mut Ctx<'_>, key: Key<'_>, values: &[Option<Vec<u8>>]) {
    if values.is_empty() {
        if ctx.tx.remove(key) {
            ctx.tx.notify(Event::Generic, "del", key);
        }
    } else {
        let mut list = List::default();
        for value in values {
            list.push(End::Back, value.as_deref().unwrap_or_default(), &ctx.config.limits);
        }
        ctx.tx.put(key, Object::List(list), Ttl::Clear);
        ctx.tx.notify(Event::List, "sortstore", key);
    }
    ctx.reply.int(values.len() as i64);
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    fn with_set() -> Session {
        let mut session = Session::default();
        session.run("SADD s 1 2 10 3");
        session
    }

    #[test]
    fn elements_are_sorted_as_numbers_or_texts() {
        let mut session = with_set();
        assert_eq!(session.run("SORT s"), "*4 $1 1 $1 2 $1 3 $2 10");
        assert_eq!(session.run("SORT s DESC"), "*4 $2 10 $1 3 $1 2 $1 1");
        assert_eq!(session.run("SORT s ALPHA"), "*4 $1 1 $2 10 $1 2 $1 3");
        assert_eq!(session.run("SORT_RO s LIMIT 1 2"), "*2 $1 2 $1 3");
        assert_eq!(session.run("SORT none"), "*0");
        session.run("SADD s x");
        assert_eq!(session.run("SORT s"), "-ERR One or more scores can't be converted into double");
        session.run("SET k v");
        assert!(session.run("SORT k").starts_with("-WRONGTYPE"));
        session.run("HSET h f v");
        assert!(session.run("SORT h").starts_with("-WRONGTYPE"));
    }

    #[test]
    fn limits_are_clipped() {
        let mut session = with_set();
        for (limit, reply) in [
            ("-5 2", "*2 $1 1 $1 2"),
            ("2 -5", "*2 $1 3 $2 10"),
            ("3 10", "*1 $2 10"),
            ("4 1", "*0"),
            ("100 1", "*0"),
            ("0 0", "*0"),
            ("9223372036854775807 9223372036854775807", "*0"),
        ] {
            assert_eq!(session.run(&format!("SORT s LIMIT {limit}")), reply, "{limit}");
        }
    }

    #[test]
    fn other_keys_give_weights_and_values() {
        let mut session = with_set();
        session.run("MSET w1 3 w2 1 w10 2 v1 one v2 two");
        session.run("HSET h1 f a");
        assert_eq!(session.run("SORT s BY w*"), "*4 $1 3 $1 2 $2 10 $1 1");
        assert_eq!(session.run("SORT s BY w* ALPHA DESC LIMIT 0 2"), "*2 $1 1 $2 10");
        assert_eq!(
            session.run("SORT s LIMIT 0 2 GET v* GET # GET h*->f GET fixed"),
            "*8 $3 one $1 1 $1 a $-1 $3 two $1 2 $-1 $-1"
        );
        assert_eq!(session.run("SORT s BY h*->f ALPHA LIMIT 3 1"), "*1 $1 1");
        session.config.cluster_enabled = true;
        assert_eq!(session.run("SORT s BY w*"), "-ERR BY option of SORT denied in Cluster mode.");
        assert_eq!(session.run("SORT s GET #"), "-ERR GET option of SORT denied in Cluster mode.");
    }

    #[test]
    fn a_fixed_pattern_leaves_the_order_as_it_is() {
        let mut session = Session::default();
        session.run("ZADD z 3 a 2 b 1 c");
        assert_eq!(session.run("SORT z BY nosort"), "*3 $1 c $1 b $1 a");
        assert_eq!(session.run("SORT z BY nosort DESC LIMIT 0 1"), "*1 $1 a");
        session.run("RPUSH l 3 1 2");
        assert_eq!(session.run("SORT l BY nosort"), "*3 $1 3 $1 1 $1 2");
        assert_eq!(session.run("SORT l BY nosort DESC LIMIT 0 2"), "*2 $1 2 $1 1");
        session.run("SADD s c a b");
        assert_eq!(session.run("SORT s BY nosort STORE d"), ":3");
        assert_eq!(session.run("LRANGE d 0 -1"), "*3 $1 a $1 b $1 c");
    }

    #[test]
    fn the_result_can_be_stored() {
        let mut session = with_set();
        assert_eq!(session.run("SORT s GET none* GET # LIMIT 0 1 STORE d"), ":2");
        assert_eq!(session.run("LRANGE d 0 -1"), "*2 $0  $1 1");
        assert_eq!(session.run("SORT none STORE d"), ":0");
        assert_eq!(session.run("EXISTS d"), ":0");
        assert_eq!(session.run("SORT_RO s STORE d"), "-ERR syntax error");
    }

    #[test]
    fn options_that_do_not_parse_come_before_the_type() {
        let mut session = Session::default();
        session.run("SET k v");
        for options in ["foo", "LIMIT 1", "BY", "GET", "STORE"] {
            assert_eq!(session.run(&format!("SORT k {options}")), "-ERR syntax error", "{options}");
        }
        assert_eq!(session.run("SORT k LIMIT a 1"), "-ERR value is not an integer or out of range");
    }
}
