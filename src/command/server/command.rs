//! COMMAND: the command table, asked by clients. Node and proxy answer alike, so it needs nothing else.

use crate::command::keys::{self, Keys};
use crate::command::spec::{Run, Spec};
use crate::command::words::Categories;
use crate::command::{Args, Command, Error, Outcome, Table, docs, glob};
use crate::resp::Reply;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[Spec {
    name: "command",
    arity: -1,
    flags: "loading stale",
    acl: "@slow @connection",
    tips: &["nondeterministic_output_order"],
    summary: "Get array of Redis command details",
    since: "2.8.13",
    group: "server",
    complexity: "O(N) where N is the total number of Redis commands",
    subcommands: SUBCOMMANDS,
    run: Run::Session,
    ..Spec::BLANK
}];

/// Rows of the subcommands of COMMAND.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "count",
        arity: 2,
        flags: "loading stale",
        acl: "@slow @connection",
        summary: "Get total number of Redis commands",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "docs",
        arity: -2,
        flags: "loading stale",
        acl: "@slow @connection",
        tips: &["nondeterministic_output_order"],
        summary: "Get array of specific Redis command documentation",
        since: "7.0.0",
        group: "server",
        complexity: "O(N) where N is the number of commands to look up",
        args: "command-name?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "getkeys",
        arity: -4,
        flags: "loading stale",
        acl: "@slow @connection",
        summary: "Extract keys given a full Redis command",
        since: "2.8.13",
        group: "server",
        complexity: "O(N) where N is the number of arguments to the command",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "getkeysandflags",
        arity: -4,
        flags: "loading stale",
        acl: "@slow @connection",
        summary: "Extract keys and access flags given a full Redis command",
        since: "7.0.0",
        group: "server",
        complexity: "O(N) where N is the number of arguments to the command",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@slow @connection",
        summary: "Show helpful text about the different subcommands",
        since: "5.0.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "info",
        arity: -2,
        flags: "loading stale",
        acl: "@slow @connection",
        tips: &["nondeterministic_output_order"],
        summary: "Get array of specific Redis command details, or all when no argument is given.",
        since: "2.8.13",
        group: "server",
        complexity: "O(N) where N is the number of commands to look up",
        history: &[("7.0.0", "Allowed to be called with no argument to get info on all commands.")],
        args: "command-name?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "list",
        arity: -2,
        flags: "loading stale",
        acl: "@slow @connection",
        tips: &["nondeterministic_output_order"],
        summary: "Get an array of Redis command names",
        since: "7.0.0",
        group: "server",
        complexity: "O(N) where N is the total number of Redis commands",
        args: "filterby=FILTERBY(module-name:string=MODULE | category:string=ACLCAT | pattern:pattern=PATTERN)?",
        run: Run::Session,
        ..Spec::BLANK
    },
];

const HELP: &[&str] = &[
    "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "(no subcommand)",
    "    Return details about all Redis commands.",
    "COUNT",
    "    Return the total number of commands in this Redis server.",
    "LIST",
    "    Return a list of all commands in this Redis server.",
    "INFO [<command-name> ...]",
    "    Return details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "DOCS [<command-name> ...]",
    "    Return documentation details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "GETKEYS <full-command>",
    "    Return the keys from a full Redis command.",
    "GETKEYSANDFLAGS <full-command>",
    "    Return the keys and the access flags from a full Redis command.",
    "HELP",
    "    Prints this help.",
];

/// Answers COMMAND and its subcommands; `command` is the row, the arity was checked.
pub fn answer(command: &Command, args: Args<'_>, reply: &mut Reply<'_>) -> Outcome {
    match command.spec.name {
        "count" => reply.int(Table::get().commands().len() as i64),
        "docs" => write_docs(args, reply),
        "getkeys" => {
            let keys = keys_behind(args)?;
            reply.array(keys.len());
            keys.iter().for_each(|(position, _)| reply.bulk(args.at(position + 2)));
        }
        "getkeysandflags" => {
            let keys = keys_behind(args)?;
            reply.array(keys.len());
            for (position, flags) in keys.iter() {
                reply.array(2);
                reply.bulk(args.at(position + 2));
                docs::write_key_flags(reply, flags);
            }
        }
        "help" => {
            reply.array(HELP.len());
            HELP.iter().for_each(|line| reply.simple(line));
        }
        "list" => write_list(args, reply)?,
        // COMMAND alone tells what COMMAND INFO without names does.
        _ => write_info(args, reply),
    }
    Ok(())
}

fn keys_behind(args: Args<'_>) -> Result<Keys, Error> {
    keys::ask(args.len() - 2, |position| args.at(position + 2)).map_err(|error| Error::Text(error.to_string()))
}

fn write_info(args: Args<'_>, reply: &mut Reply<'_>) {
    let table = Table::get();
    if args.len() <= 2 {
        reply.array(table.commands().len());
        table.commands().iter().for_each(|command| docs::write_info(command, reply));
        return;
    }
    reply.array(args.len() - 2);
    for name in args.skip(2) {
        match table.by_full_name(name) {
            Some(command) => docs::write_info(command, reply),
            None => reply.null(),
        }
    }
}

/// Names nobody knows are left out.
fn write_docs(args: Args<'_>, reply: &mut Reply<'_>) {
    let table = Table::get();
    if args.len() <= 2 {
        reply.map(table.commands().len());
        table.commands().iter().for_each(|command| docs::write_docs(command, reply));
        return;
    }
    let start = reply.mark();
    let known = args.skip(2).filter_map(|name| table.by_full_name(name));
    let count = known.map(|command| docs::write_docs(command, reply)).count();
    reply.map_at(start, count);
}

fn write_list(args: Args<'_>, reply: &mut Reply<'_>) -> Outcome {
    let listed: Vec<&Command> = match args.len() {
        2 => Table::get().all().collect(),
        5 if args.is(2, "filterby") => {
            let value = args.at(4);
            if args.is(3, "pattern") {
                Table::get()
                    .all()
                    .filter(|command| glob::matches_ignoring_case(value, command.name.as_bytes()))
                    .collect()
            } else if args.is(3, "aclcat") {
                let category = category(value);
                Table::get().all().filter(|command| category.is_some_and(|one| command.categories.has(one))).collect()
            } else if args.is(3, "module") {
                Vec::new()
            } else {
                return Err(Error::Syntax);
            }
        }
        _ => return Err(Error::Syntax),
    };
    reply.array(listed.len());
    listed.iter().for_each(|command| reply.bulk(command.name.as_bytes()));
    Ok(())
}

/// A category without its `@`, in any case.
fn category(name: &[u8]) -> Option<Categories> {
    let named = |word: &str| word.as_bytes()[1..].eq_ignore_ascii_case(name);
    Categories::WORDS.iter().find(|(_, word)| named(word)).map(|(category, _)| *category)
}
