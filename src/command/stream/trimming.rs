//! What XADD and XTRIM read in front of an id or to their end: how much of the stream is to be left.

use super::{new_id, strict_id};
use crate::command::number::int;
use crate::command::{Args, Error};
use crate::store::value::Limits;
use crate::store::value::stream::{NewId, References, Threshold, Trim};

/// Entries that one command removes at most where it may stop early, in nodes.
const NODES_PER_TRIM: usize = 100;
/// The same when nodes have no bound or a very large one, in entries.
const ENTRIES_PER_TRIM: usize = 10_000;
const ENTRIES_PER_TRIM_MAX: usize = 1_000_000;

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// How to trim, if at all.
    pub trim: Option<Trim>,
    /// XADD's id and the argument it is.
    pub id: Option<(NewId, usize)>,
    /// XADD makes no stream.
    pub no_mkstream: bool,
}

impl Options {
    /// Reads options from argument 2 on: up to the id for XADD (`adds`), else up to the end.
    pub fn read(args: Args<'_>, adds: bool, limits: &Limits) -> Result<Options, Error> {
        let mut options = Options::default();
        let mut threshold = None;
        let (mut approximate, mut limit, mut references) = (false, None, None);
        let mut at = 2;
        while at < args.len() {
            let more = args.len() - 1 - at;
            if adds && args.at(at) == b"*" {
                options.id = Some((NewId::Auto, at));
                break;
            } else if more > 0 && (args.is(at, "maxlen") || args.is(at, "minid")) {
                if threshold.is_some() {
                    return Err(Error::Static(
                        "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
                    ));
                }
                let by_length = args.is(at, "maxlen");
                let sign = args.get(at + 1).filter(|_| more >= 2);
                approximate = sign == Some(b"~");
                if approximate || sign == Some(b"=") {
                    at += 1;
                }
                threshold = Some(threshold_of(by_length, args.at(at + 1))?);
                at += 1;
            } else if more > 0 && args.is(at, "limit") {
                let number = usize::try_from(int(args.at(at + 1))?);
                limit = Some(number.map_err(|_| Error::Static("ERR The LIMIT argument must be >= 0."))?);
                at += 1;
            } else if adds && args.is(at, "nomkstream") {
                options.no_mkstream = true;
            } else if references.is_none() && references_of(args, at).is_some() {
                references = references_of(args, at);
            } else if adds {
                options.id = Some((new_id(args.at(at))?, at));
                break;
            } else {
                return Err(Error::Syntax);
            }
            at += 1;
        }
        if threshold.is_none() && limit.is_some_and(|limit| limit > 0) {
            return Err(Error::Static("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"));
        }
        if threshold.is_none() && !adds {
            return Err(Error::Static("ERR syntax error, XTRIM must be called with trimming strategy"));
        }
        if limit.is_some() && !approximate {
            return Err(Error::Static("ERR syntax error, LIMIT cannot be used without the special ~ option"));
        }
        let limit = limit.unwrap_or(if approximate { default_limit(limits) } else { 0 });
        let references = references.unwrap_or_default();
        options.trim = threshold.map(|threshold| Trim { threshold, approximate, limit, references });
        Ok(options)
    }
}

fn threshold_of(by_length: bool, text: &[u8]) -> Result<Threshold, Error> {
    if !by_length {
        return strict_id(text).map(Threshold::Id);
    }
    let length = usize::try_from(int(text)?);
    length.map(Threshold::Length).map_err(|_| Error::Static("ERR The MAXLEN argument must be >= 0."))
}

/// The option of 8.2 that says what becomes of entries that groups refer to. Commands take one of them.
pub fn references_of(args: Args<'_>, at: usize) -> Option<References> {
    [("keepref", References::Keep), ("delref", References::Delete), ("acked", References::OnlyAcknowledged)]
        .into_iter()
        .find_map(|(word, references)| args.is(at, word).then_some(references))
}

fn default_limit(limits: &Limits) -> usize {
    match limits.stream_node_entries_max.saturating_mul(NODES_PER_TRIM) {
        0 => ENTRIES_PER_TRIM,
        entries => entries.min(ENTRIES_PER_TRIM_MAX),
    }
}
