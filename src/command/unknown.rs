//! Requests whose name is in no table: the reference's error texts, and what is another protocol's.

use super::{Args, Error, Table, quotable};

/// Bytes of the name, and of all arguments together, that the error quotes.
const QUOTED_BYTES_MAX: usize = 128;

/// The error for a name, or for a container command's word, that is not in the table.
#[cold]
pub fn unknown_command(args: Args<'_>) -> Error {
    if let (Some(container), Some(word)) = (Table::get().command(args.at(0)), args.get(1)) {
        return Error::unknown_subcommand(&container.name, word);
    }
    let name = quotable(args.at(0), QUOTED_BYTES_MAX);
    let mut line = [b"ERR unknown command '", name, b"', with args beginning with: "].concat();
    let quotes = line.len();
    for arg in args.skip(1) {
        let room = QUOTED_BYTES_MAX.saturating_sub(line.len() - quotes);
        if room == 0 {
            break;
        }
        line.extend_from_slice(&[b"'", quotable(arg, room), b"' "].concat());
    }
    Error::Bytes(line)
}

/// Whether a request is a line of HTTP. A web page can make a browser send such lines, and commands in the body behind
/// them: the connection must close before it comes to those, without an answer.
#[cold]
pub fn is_http(args: Args<'_>) -> bool {
    args.at(0).eq_ignore_ascii_case(b"post") || args.at(0).eq_ignore_ascii_case(b"host:")
}
