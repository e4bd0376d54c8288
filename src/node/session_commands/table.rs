//! COMMAND: the same answers as the proxy's.

use super::{Call, Handlers};
use crate::command::Outcome;
use crate::command::server::command::answer;

pub(super) const HANDLERS: Handlers = &[
    ("command", command),
    ("command|count", command),
    ("command|docs", command),
    ("command|getkeys", command),
    ("command|getkeysandflags", command),
    ("command|help", command),
    ("command|info", command),
    ("command|list", command),
];

fn command(call: &mut Call<'_>) -> Outcome {
    answer(call.command, call.args, &mut call.reply)
}
