//! CLIENT: what a connection says about itself. What it asks about others is in `client_list`.

use super::hello::{is_plain, set_name};
use super::{Call, Handlers, help, syntax_error};
use crate::command::{Error, Outcome, number};
use crate::node::clients::ClientFlag;
use crate::node::pause::Held;
use crate::node::session::ReplyMode;

pub(super) const HANDLERS: Handlers = &[
    ("client|id", id),
    ("client|getname", get_name),
    ("client|setname", client_set_name),
    ("client|setinfo", set_info),
    ("client|reply", reply),
    ("client|no-evict", no_evict),
    ("client|no-touch", no_touch),
    ("client|pause", pause),
    ("client|unpause", unpause),
    ("client|unblock", unblock),
    ("client|tracking", tracking),
    ("client|trackinginfo", tracking_info),
    ("client|getredir", get_redirect),
    ("client|caching", caching),
    ("client|help", |call| help::answer(call, help::CLIENT)),
    ("readonly", read_only),
    ("readwrite", read_write),
    ("asking", asking),
];

fn id(call: &mut Call<'_>) -> Outcome {
    call.reply.int(call.session.client.id as i64);
    Ok(())
}

fn get_name(call: &mut Call<'_>) -> Outcome {
    let name = call.session.client.texts().name.clone();
    if name.is_empty() {
        call.reply.null();
    } else {
        call.reply.bulk(&name);
    }
    Ok(())
}

fn client_set_name(call: &mut Call<'_>) -> Outcome {
    set_name(call, call.args.at(2))?;
    call.reply.ok();
    Ok(())
}

fn set_info(call: &mut Call<'_>) -> Outcome {
    let (option, value) = (call.args.at(2), call.args.at(3));
    let library = option.eq_ignore_ascii_case(b"lib-name");
    let shown = String::from_utf8_lossy(option).into_owned();
    if !library && !option.eq_ignore_ascii_case(b"lib-ver") {
        return Err(Error::Text(format!("ERR Unrecognized option '{shown}'")));
    }
    if !is_plain(value) {
        return Err(Error::Text(format!("ERR {shown} cannot contain spaces, newlines or special characters.")));
    }
    let mut texts = call.session.client.texts();
    *(if library { &mut texts.library } else { &mut texts.library_version }) = value.to_vec();
    drop(texts);
    call.reply.ok();
    Ok(())
}

fn reply(call: &mut Call<'_>) -> Outcome {
    let args = call.args;
    if args.is(2, "on") {
        call.session.reply_mode = ReplyMode::On;
        call.reply.ok();
    } else if args.is(2, "off") {
        call.session.reply_mode = ReplyMode::Off;
    } else if args.is(2, "skip") {
        if call.session.reply_mode != ReplyMode::Off {
            call.session.reply_mode = ReplyMode::SkipNext;
        }
    } else {
        return Err(Error::Syntax);
    }
    Ok(())
}

fn on_or_off(call: &Call<'_>) -> Result<bool, Error> {
    match call.args.is(2, "on") {
        true => Ok(true),
        false if call.args.is(2, "off") => Ok(false),
        false => Err(Error::Syntax),
    }
}

fn no_evict(call: &mut Call<'_>) -> Outcome {
    let on = on_or_off(call)?;
    call.session.client.set(ClientFlag::NoEvict, on);
    call.reply.ok();
    Ok(())
}

fn no_touch(call: &mut Call<'_>) -> Outcome {
    let on = on_or_off(call)?;
    call.session.client.set(ClientFlag::NoTouch, on);
    call.session.no_touch = on;
    call.reply.ok();
    Ok(())
}

fn pause(call: &mut Call<'_>) -> Outcome {
    let args = call.args;
    let held = match args.len() {
        3 => Held::All,
        4 if args.is(3, "write") => Held::Writes,
        4 if args.is(3, "all") => Held::All,
        4 => return Err(Error::Static("ERR CLIENT PAUSE mode must be WRITE or ALL")),
        _ => return Err(syntax_error(call)),
    };
    let timeout_ms =
        number::parse_int(args.at(2)).ok_or(Error::Static("ERR timeout is not an integer or out of range"))?;
    if timeout_ms < 0 {
        return Err(Error::Static("ERR timeout is negative"));
    }
    let until_ms = timeout_ms.checked_add(call.now_ms).ok_or(Error::Static("ERR timeout is out of range"))?;
    call.node.pause.begin(held, until_ms, call.now_ms);
    call.reply.ok();
    Ok(())
}

fn unpause(call: &mut Call<'_>) -> Outcome {
    call.node.pause.end();
    call.reply.ok();
    Ok(())
}

/// Ends another client's wait, as if its time were over or with an error.
fn unblock(call: &mut Call<'_>) -> Outcome {
    let args = call.args;
    if args.len() > 4 {
        return Err(syntax_error(call));
    }
    let error = args.is(3, "error");
    if args.len() == 4 && !args.is(3, "timeout") && !error {
        return Err(Error::Static("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
    }
    let id = number::int(args.at(2))?;
    let client = u64::try_from(id).ok().and_then(|id| call.node.clients.get(id));
    let waiter = client.and_then(|client| client.waiter()).filter(|waiter| waiter.claim());
    if let Some(waiter) = &waiter {
        call.node.interests.end_wait(&call.node.keyspace.hooks, waiter);
        if error {
            waiter.answer(b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n".to_vec());
        } else {
            waiter.answer_nothing();
        }
    }
    call.reply.int(i64::from(waiter.is_some()));
    Ok(())
}

fn tracking(call: &mut Call<'_>) -> Outcome {
    if on_or_off(call)? {
        return Err(Error::Static("ERR CLIENT TRACKING is not supported by slotwise yet"));
    }
    call.reply.ok();
    Ok(())
}

fn tracking_info(call: &mut Call<'_>) -> Outcome {
    let reply = &mut call.reply;
    reply.map(3);
    reply.bulk(b"flags");
    reply.set(1);
    reply.bulk(b"off");
    reply.bulk(b"redirect");
    reply.int(-1);
    reply.bulk(b"prefixes");
    reply.array(0);
    Ok(())
}

fn get_redirect(call: &mut Call<'_>) -> Outcome {
    call.reply.int(-1);
    Ok(())
}

fn caching(_: &mut Call<'_>) -> Outcome {
    Err(Error::Static(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
    ))
}

fn needs_cluster(call: &Call<'_>) -> Outcome {
    match call.node.config.load().cluster_enabled {
        true => Ok(()),
        false => Err(Error::Static("ERR This instance has cluster support disabled")),
    }
}

fn read_only(call: &mut Call<'_>) -> Outcome {
    needs_cluster(call)?;
    call.session.client.set(ClientFlag::ReadOnly, true);
    call.reply.ok();
    Ok(())
}

fn read_write(call: &mut Call<'_>) -> Outcome {
    needs_cluster(call)?;
    call.session.client.set(ClientFlag::ReadOnly, false);
    call.reply.ok();
    Ok(())
}

/// No slot is ever being imported yet, so there is nothing to remember.
fn asking(call: &mut Call<'_>) -> Outcome {
    needs_cluster(call)?;
    call.reply.ok();
    Ok(())
}
