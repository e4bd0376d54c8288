//! ACL, as far as there is only the default user: who may do everything once authenticated.

use super::{Call, Handlers, help, syntax_error};
use crate::command::words::Categories;
use crate::command::{Error, Outcome, Table};

pub(super) const HANDLERS: Handlers = &[
    ("acl|whoami", whoami),
    ("acl|users", users),
    ("acl|list", list),
    ("acl|getuser", get_user),
    ("acl|cat", cat),
    ("acl|log", log),
    ("acl|load", no_file),
    ("acl|save", no_file),
    ("acl|help", |call| help::answer(call, help::ACL)),
];

fn whoami(call: &mut Call<'_>) -> Outcome {
    call.reply.bulk(b"default");
    Ok(())
}

fn users(call: &mut Call<'_>) -> Outcome {
    call.reply.array(1);
    call.reply.bulk(b"default");
    Ok(())
}

fn has_password(call: &Call<'_>) -> bool {
    !call.node.config.load().password.is_empty()
}

fn list(call: &mut Call<'_>) -> Outcome {
    // The password's hash is not shown.
    let rule = if has_password(call) { "" } else { "nopass " };
    call.reply.array(1);
    call.reply.bulk(format!("user default on {rule}~* &* +@all").as_bytes());
    Ok(())
}

fn get_user(call: &mut Call<'_>) -> Outcome {
    if call.args.at(2) != b"default" {
        call.reply.null();
        return Ok(());
    }
    let flags: &[&[u8]] = if has_password(call) { &[b"on"] } else { &[b"on", b"nopass"] };
    let reply = &mut call.reply;
    reply.map(6);
    reply.bulk(b"flags");
    reply.set(flags.len());
    flags.iter().for_each(|flag| reply.bulk(flag));
    reply.bulk(b"passwords");
    reply.array(0);
    for (name, value) in [("commands", "+@all"), ("keys", "~*"), ("channels", "&*")] {
        reply.bulk(name.as_bytes());
        reply.bulk(value.as_bytes());
    }
    reply.bulk(b"selectors");
    reply.array(0);
    Ok(())
}

fn cat(call: &mut Call<'_>) -> Outcome {
    let reply = &mut call.reply;
    match call.args.len() {
        2 => {
            reply.array(Categories::WORDS.len());
            Categories::WORDS.iter().for_each(|(_, word)| reply.bulk(&word.as_bytes()[1..]));
        }
        3 => {
            let name = call.args.at(2);
            let named = |word: &str| word.as_bytes()[1..].eq_ignore_ascii_case(name);
            let Some((category, _)) = Categories::WORDS.iter().find(|(_, word)| named(word)) else {
                return Err(Error::Text(format!("ERR Unknown category '{}'", String::from_utf8_lossy(name))));
            };
            let start = reply.mark();
            let members = Table::get().all().filter(|command| command.categories.has(*category));
            let count = members.map(|command| reply.bulk(command.name.as_bytes())).count();
            reply.array_at(start, count);
        }
        _ => return Err(syntax_error(call)),
    }
    Ok(())
}

/// Nothing is ever denied to the default user but a wrong password, which INFO counts.
fn log(call: &mut Call<'_>) -> Outcome {
    match call.args.get(2) {
        Some(word) if word.eq_ignore_ascii_case(b"reset") => call.reply.ok(),
        _ => call.reply.array(0),
    }
    Ok(())
}

fn no_file(_: &mut Call<'_>) -> Outcome {
    Err(Error::Static(
        "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL \
         SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order \
         to store users in the Redis configuration.",
    ))
}
