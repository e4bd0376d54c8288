//! What COMMAND INFO and COMMAND DOCS say about a command, and the notation of [`Spec::args`].
//!
//! # Notation
//!
//! Arguments stand in the order of the command line, with spaces between them:
//!
//! | written | means |
//! |---|---|
//! | `value` | a string argument named `value` |
//! | `count:int` | with a type: `string`, `int`, `double`, `pattern`, `time`, `key` |
//! | `key@0` | a key, found by key specification 0 (`pattern:pattern@1` for another type) |
//! | `NX` | a token (type `pure-token`) named `nx` |
//! | `approximately='~'` | a token whose name is not its lower-case word |
//! | `count:int=LIMIT` | an argument behind a token |
//! | <code>mode(A &#124; B)</code> | one of several |
//! | `pair{field value}` | several together (`pair=TOKEN{…}`: behind a token) |
//!
//! Behind each, in this order: `>7.0.0` since when, `<2.8.12` since when deprecated, `?` optional, `*` may be
//! repeated, `**` may be repeated with its token. Names and tokens with other characters than letters, digits,
//! `_` and `-` stand in `'…'`.

use super::spec::{Begin, Find, KeySpec};
use super::table::Command;
use super::words::KeyFlags;
use crate::resp::Reply;

/// One argument of a command, as COMMAND DOCS describes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Argument<'s> {
    /// Its name.
    pub name: String,
    /// Its type, in the words of COMMAND DOCS.
    pub kind: &'static str,
    /// The key specification that finds it.
    pub key_spec: Option<i64>,
    /// The word in front of it, or that it is.
    pub token: Option<&'s str>,
    /// Version that brought it.
    pub since: Option<&'s str>,
    /// Version that deprecated it.
    pub deprecated_since: Option<&'s str>,
    /// It may be left out.
    pub optional: bool,
    /// It may be repeated.
    pub multiple: bool,
    /// Its token is repeated with it.
    pub multiple_token: bool,
    /// The arguments of a `block`, the alternatives of a `oneof`.
    pub arguments: Vec<Argument<'s>>,
}

/// The arguments a row's notation describes; `Err` is what could not be read, and at which byte. The rows are
/// tested to be readable.
pub fn parse_arguments(notation: &str) -> Result<Vec<Argument<'_>>, String> {
    let mut parser = Parser { text: notation, at: 0 };
    let arguments = parser.list(None)?;
    if parser.at < notation.len() { Err(parser.unexpected()) } else { Ok(arguments) }
}

struct Parser<'s> {
    text: &'s str,
    at: usize,
}

impl<'s> Parser<'s> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn unexpected(&self) -> String {
        format!("unexpected {:?} at byte {} of {:?}", self.text.get(self.at..self.at + 1), self.at, self.text)
    }

    /// Arguments up to `close`, or to the end. Depth is bounded by the rows, which are constants.
    fn list(&mut self, close: Option<u8>) -> Result<Vec<Argument<'s>>, String> {
        let mut arguments = Vec::new();
        loop {
            while self.eat(b' ') || (close == Some(b')') && self.eat(b'|')) {}
            if self.peek().is_none() || self.peek() == close {
                return Ok(arguments);
            }
            arguments.push(self.argument()?);
        }
    }

    fn argument(&mut self) -> Result<Argument<'s>, String> {
        let name = self.word()?;
        let mut kind = None;
        if self.eat(b':') {
            kind = Some(match self.word()? {
                "string" => "string",
                "int" => "integer",
                "double" => "double",
                "pattern" => "pattern",
                "time" => "unix-time",
                "key" => "key",
                _ => return Err(self.unexpected()),
            });
        }
        let mut key_spec = None;
        if self.eat(b'@') {
            key_spec = Some(self.word()?.parse().map_err(|_| self.unexpected())?);
            kind = kind.or(Some("key"));
        }
        let mut token = if self.eat(b'=') { Some(self.word()?) } else { None };
        let mut arguments = Vec::new();
        for (open, close, nested) in [(b'(', b')', "oneof"), (b'{', b'}', "block")] {
            if kind.is_none() && self.eat(open) {
                arguments = self.list(Some(close))?;
                if !self.eat(close) {
                    return Err(self.unexpected());
                }
                kind = Some(nested);
            }
        }
        let bare_token = kind.is_none() && token.is_none() && name.bytes().any(|byte| byte.is_ascii_uppercase());
        if bare_token {
            token = Some(name);
        }
        let name = if bare_token { name.to_ascii_lowercase() } else { name.to_owned() };
        let kind = kind.unwrap_or(if token.is_some() { "pure-token" } else { "string" });
        let since = if self.eat(b'>') { Some(self.version()) } else { None };
        let deprecated_since = if self.eat(b'<') { Some(self.version()) } else { None };
        let optional = self.eat(b'?');
        let multiple = self.eat(b'*');
        let multiple_token = multiple && self.eat(b'*');
        Ok(Argument {
            name,
            kind,
            key_spec,
            token,
            since,
            deprecated_since,
            optional,
            multiple,
            multiple_token,
            arguments,
        })
    }

    fn word(&mut self) -> Result<&'s str, String> {
        let rest = &self.text[self.at..];
        if let Some(quoted) = rest.strip_prefix('\'') {
            let end = quoted.find('\'').ok_or_else(|| self.unexpected())?;
            self.at += end + 2;
            return Ok(&quoted[..end]);
        }
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.unexpected());
        }
        self.at += end;
        Ok(&rest[..end])
    }

    fn version(&mut self) -> &'s str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }
}

/// Writes a command's entry of COMMAND INFO: an array of 10.
pub fn write_info(command: &Command, reply: &mut Reply<'_>) {
    let (first, last, step) = command.legacy_range;
    reply.array(10);
    reply.bulk(command.name.as_bytes());
    reply.int(i64::from(command.spec.arity));
    write_words(reply, command.spec.flags);
    reply.int(i64::from(first));
    reply.int(i64::from(last));
    reply.int(i64::from(step));
    write_words(reply, command.spec.acl);
    reply.set(command.spec.tips.len());
    for tip in command.spec.tips {
        reply.bulk(tip.as_bytes());
    }
    reply.set(command.spec.keys.len());
    for key in command.spec.keys {
        write_key_spec(reply, key);
    }
    reply.set(command.subcommands.len());
    for sub in &command.subcommands {
        write_info(sub, reply);
    }
}

/// Writes a list of words as a set of simple strings.
fn write_words(reply: &mut Reply<'_>, words: &str) {
    reply.set(words.split_ascii_whitespace().count());
    for word in words.split_ascii_whitespace() {
        reply.simple(word);
    }
}

/// Writes what GETKEYSANDFLAGS tells of a key behind the key itself.
pub fn write_key_flags(reply: &mut Reply<'_>, flags: KeyFlags) {
    reply.set(flags.words().count());
    for word in flags.words() {
        reply.simple(word);
    }
}

fn write_key_spec(reply: &mut Reply<'_>, key: &KeySpec) {
    reply.map(if key.notes.is_empty() { 3 } else { 4 });
    if !key.notes.is_empty() {
        write_text(reply, "notes", key.notes);
    }
    reply.bulk(b"flags");
    write_words(reply, key.flags);
    reply.bulk(b"begin_search");
    match key.begin {
        Begin::Index(index) => {
            write_search(reply, "index", 1);
            write_number(reply, "index", index);
        }
        Begin::Keyword(word, start) => {
            write_search(reply, "keyword", 2);
            write_text(reply, "keyword", word);
            write_number(reply, "startfrom", start);
        }
        Begin::Unknown => write_search(reply, "unknown", 0),
    }
    reply.bulk(b"find_keys");
    match key.find {
        Find::Range { last, step, limit } => {
            write_search(reply, "range", 3);
            write_number(reply, "lastkey", last);
            write_number(reply, "keystep", step);
            write_number(reply, "limit", limit);
        }
        Find::KeyNum { count, first, step } => {
            write_search(reply, "keynum", 3);
            write_number(reply, "keynumidx", count);
            write_number(reply, "firstkey", first);
            write_number(reply, "keystep", step);
        }
        Find::Unknown => write_search(reply, "unknown", 0),
    }
}

/// The beginning of a search's description, up to the header of its `spec` map.
fn write_search(reply: &mut Reply<'_>, kind: &str, fields: usize) {
    reply.map(2);
    write_text(reply, "type", kind);
    reply.bulk(b"spec");
    reply.map(fields);
}

fn write_text(reply: &mut Reply<'_>, field: &str, value: &str) {
    reply.bulk(field.as_bytes());
    reply.bulk(value.as_bytes());
}

fn write_number(reply: &mut Reply<'_>, field: &str, value: i16) {
    reply.bulk(field.as_bytes());
    reply.int(i64::from(value));
}

/// Writes a command's entry of COMMAND DOCS: its name, then a map.
pub fn write_docs(command: &Command, reply: &mut Reply<'_>) {
    let spec = command.spec;
    let (doc_flags, deprecated_since, replaced_by) = spec.deprecated.unwrap_or_default();
    let arguments = parse_arguments(spec.args).unwrap_or_default();
    let texts = [
        ("summary", spec.summary),
        ("since", spec.since),
        ("group", spec.group),
        ("complexity", spec.complexity),
        ("deprecated_since", deprecated_since),
        ("replaced_by", replaced_by),
    ];
    let fields = texts.iter().filter(|(_, value)| !value.is_empty()).count()
        + usize::from(!doc_flags.is_empty())
        + usize::from(!spec.history.is_empty())
        + usize::from(!arguments.is_empty())
        + usize::from(!command.subcommands.is_empty());
    reply.bulk(command.name.as_bytes());
    reply.map(fields);
    for (position, (field, value)) in texts.into_iter().enumerate() {
        if position == 4 && !doc_flags.is_empty() {
            reply.bulk(b"doc_flags");
            write_words(reply, doc_flags);
        }
        if !value.is_empty() {
            write_text(reply, field, value);
        }
    }
    if !spec.history.is_empty() {
        reply.bulk(b"history");
        reply.set(spec.history.len());
        for (version, change) in spec.history {
            reply.array(2);
            reply.bulk(version.as_bytes());
            reply.bulk(change.as_bytes());
        }
    }
    if !arguments.is_empty() {
        write_arguments(reply, &arguments);
    }
    if !command.subcommands.is_empty() {
        reply.bulk(b"subcommands");
        reply.map(command.subcommands.len());
        for sub in &command.subcommands {
            write_docs(sub, reply);
        }
    }
}

fn write_arguments(reply: &mut Reply<'_>, arguments: &[Argument<'_>]) {
    reply.bulk(b"arguments");
    reply.array(arguments.len());
    for argument in arguments {
        let flags = [
            ("optional", argument.optional),
            ("multiple", argument.multiple),
            ("multiple_token", argument.multiple_token),
        ];
        let flag_count = flags.iter().filter(|(_, set)| *set).count();
        let texts =
            [("token", argument.token), ("since", argument.since), ("deprecated_since", argument.deprecated_since)];
        let fields = 2
            + usize::from(argument.key_spec.is_some())
            + texts.iter().filter(|(_, value)| value.is_some()).count()
            + usize::from(flag_count > 0)
            + usize::from(!argument.arguments.is_empty());
        reply.map(fields);
        write_text(reply, "name", &argument.name);
        write_text(reply, "type", argument.kind);
        if let Some(index) = argument.key_spec {
            reply.bulk(b"key_spec_index");
            reply.int(index);
        }
        for (field, value) in texts {
            if let Some(value) = value {
                write_text(reply, field, value);
            }
        }
        if flag_count > 0 {
            reply.bulk(b"flags");
            reply.set(flag_count);
            for (flag, _) in flags.iter().filter(|(_, set)| *set) {
                reply.simple(flag);
            }
        }
        if !argument.arguments.is_empty() {
            write_arguments(reply, &argument.arguments);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::spec::Spec;
    use crate::command::table::Table;

    #[test]
    fn every_row_is_readable() {
        for command in Table::get().all() {
            let arguments = parse_arguments(command.spec.args).unwrap_or_else(|e| panic!("{}: {e}", command.name));
            assert!(arguments.iter().all(|argument| keys_exist(argument, command.spec)), "{}", command.name);
        }
    }

    fn keys_exist(argument: &Argument<'_>, spec: &Spec) -> bool {
        argument.key_spec.is_none_or(|index| (index as usize) < spec.keys.len())
            && argument.arguments.iter().all(|nested| keys_exist(nested, spec))
    }

    #[test]
    fn each_form_of_the_notation_is_read() {
        let arguments =
            parse_arguments("key@0 n:int=LIMIT>6.2.0? op(eq='=' | NX<2.8.12)* b=B{x 'a:b':time}**").unwrap();
        let [key, n, op, b] = &arguments[..] else { panic!("{arguments:?}") };
        assert_eq!((key.kind, key.key_spec, key.token), ("key", Some(0), None));
        assert_eq!(
            (n.kind, n.token, n.since, n.optional, n.multiple),
            ("integer", Some("LIMIT"), Some("6.2.0"), true, false)
        );
        assert_eq!((op.kind, op.multiple, op.multiple_token), ("oneof", true, false));
        assert_eq!((op.arguments[0].name.as_str(), op.arguments[0].token), ("eq", Some("=")));
        let nx = &op.arguments[1];
        assert_eq!(
            (nx.name.as_str(), nx.kind, nx.token, nx.deprecated_since),
            ("nx", "pure-token", Some("NX"), Some("2.8.12"))
        );
        assert_eq!((b.kind, b.token, b.multiple, b.multiple_token), ("block", Some("B"), true, true));
        assert_eq!((b.arguments[1].name.as_str(), b.arguments[1].kind), ("a:b", "unix-time"));
    }

    #[test]
    fn what_is_no_notation_is_refused() {
        for notation in ["a(", "a{b", "a:kind", "=x", "'a", "a)", "a@x", "a???"] {
            assert!(parse_arguments(notation).is_err(), "{notation}");
        }
    }
}
