//! Directives that take several words, or check more than a form: each rule reads the words to the canonical
//! form, or says in the reference's words what is wrong.

use super::directive::{Refusal, memory};
use crate::command::number::{parse_float, parse_int};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

type Rule = Result<Vec<u8>, Refusal>;

fn join(words: &[&[u8]]) -> Vec<u8> {
    words.join(&b' ')
}

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindAddress {
    /// The address.
    pub ip: IpAddr,
    /// Written with a `-` in front: it may be missing on this machine.
    pub optional: bool,
}

/// The addresses a word of `bind` stands for. A name is asked of the system's resolver.
pub fn bind_addresses(word: &[u8]) -> Option<Vec<BindAddress>> {
    let text = std::str::from_utf8(word).ok()?;
    let (optional, host) = match text.strip_prefix('-') {
        Some(host) => (true, host),
        None => (false, text),
    };
    let ips = match host {
        "*" => vec![IpAddr::from(Ipv4Addr::UNSPECIFIED)],
        "::*" => vec![IpAddr::from(Ipv6Addr::UNSPECIFIED)],
        _ => match host.parse() {
            Ok(ip) => vec![ip],
            Err(_) => (host, 0).to_socket_addrs().ok()?.map(|address| address.ip()).collect(),
        },
    };
    Some(ips.into_iter().map(|ip| BindAddress { ip, optional }).collect())
}

pub(super) fn bind(_: &[u8], words: &[&[u8]]) -> Rule {
    // The reference's bound.
    if words.len() > 16 {
        return Err("Too many bind addresses specified.".into());
    }
    // A single empty word means to listen nowhere.
    if words.len() == 1 && words[0].is_empty() {
        return Ok(Vec::new());
    }
    match words.iter().all(|word| bind_addresses(word).is_some()) {
        true => Ok(join(words)),
        false => Err("Failed to bind to specified addresses.".into()),
    }
}

pub(super) fn output_limits(current: &[u8], words: &[&[u8]]) -> Rule {
    const CLASSES: [&str; 3] = ["normal", "slave", "pubsub"];
    if words.is_empty() || !words.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.".into());
    }
    let kept: Vec<&[u8]> = current.split(|byte| *byte == b' ').collect();
    let mut limits: [[u64; 3]; 3] = Default::default();
    for (class, limit) in limits.iter_mut().enumerate() {
        for (index, value) in limit.iter_mut().enumerate() {
            *value = kept.get(class * 4 + index + 1).and_then(|word| memory(word)).unwrap_or(0);
        }
    }
    for group in words.chunks_exact(4) {
        let class = match group[0].to_ascii_lowercase().as_slice() {
            b"normal" => 0,
            b"slave" | b"replica" => 1,
            b"pubsub" => 2,
            _ => return Err("Invalid client class specified in buffer limit configuration.".into()),
        };
        let numbers = (memory(group[1]), memory(group[2]), parse_int(group[3]).filter(|seconds| *seconds >= 0));
        let (Some(hard), Some(soft), Some(seconds)) = numbers else {
            return Err("Error in hard, soft or soft_seconds setting in buffer limit configuration.".into());
        };
        limits[class] = [hard, soft, seconds as u64];
    }
    let text =
        CLASSES.iter().zip(limits).map(|(class, [hard, soft, seconds])| format!("{class} {hard} {soft} {seconds}"));
    Ok(text.collect::<Vec<_>>().join(" ").into_bytes())
}

pub(super) fn directory(_: &[u8], words: &[&[u8]]) -> Rule {
    let [word] = words else { return Err("wrong number of arguments".into()) };
    match std::str::from_utf8(word).map(std::fs::canonicalize) {
        Ok(Ok(path)) if path.is_dir() => Ok(path.into_os_string().into_encoded_bytes()),
        Ok(Ok(_)) => Err("Not a directory".into()),
        _ => Err("No such file or directory".into()),
    }
}

pub(super) fn hz(_: &[u8], words: &[&[u8]]) -> Rule {
    let [word] = words else { return Err("wrong number of arguments".into()) };
    match parse_int(word).ok_or("argument couldn't be parsed into an integer")? {
        hz @ 0..=0x7fff_ffff => Ok(hz.clamp(1, 500).to_string().into_bytes()),
        _ => Err("argument must be between 0 and 2147483647 inclusive".into()),
    }
}

pub(super) fn title(_: &[u8], words: &[&[u8]]) -> Rule {
    const KNOWN: [&str; 7] = ["title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file"];
    let refusal = "template format is invalid or contains unknown variables";
    let template = join(words);
    let text = std::str::from_utf8(&template).map_err(|_| refusal)?;
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').ok_or(refusal)? + open;
        if !KNOWN.contains(&&rest[open + 1..close]) {
            return Err(refusal.into());
        }
        rest = &rest[close + 1..];
    }
    Ok(template)
}

pub(super) fn oom_values(_: &[u8], words: &[&[u8]]) -> Rule {
    if words.len() != 3 {
        return Err("wrong number of arguments".into());
    }
    let in_range = |word: &&[u8]| parse_int(word).is_some_and(|value| (-2000..=2000).contains(&value));
    match words.iter().all(in_range) {
        true => Ok(join(words)),
        false => Err("Invalid oom-score-adj-values, elements must be between -2000 and 2000.".into()),
    }
}

/// The percentiles of `latency-tracking-info-percentiles`.
pub(super) fn percentiles(_: &[u8], words: &[&[u8]]) -> Rule {
    let mut texts = Vec::new();
    for word in words.iter().filter(|word| !(word.is_empty() && words.len() == 1)) {
        let value = parse_float(word).ok_or("Invalid latency-tracking-info-percentiles parameters")?;
        if !(0.0..=100.0).contains(&value) {
            return Err("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]".into());
        }
        texts.push(value.to_string());
    }
    Ok(texts.join(" ").into_bytes())
}

/// The hard limit of a class in the value of `client-output-buffer-limit`, in bytes; 0 there is no limit.
pub(super) fn output_limit(limits: &[u8], class: &[u8]) -> usize {
    let mut words = limits.split(|byte| *byte == b' ');
    let limit = words.by_ref().find(|word| *word == class).and_then(|_| words.next());
    let bytes = limit.and_then(|bytes| std::str::from_utf8(bytes).ok()?.parse().ok()).unwrap_or(0);
    if bytes == 0 { usize::MAX } else { bytes }
}

pub(super) fn notify_events(_: &[u8], words: &[&[u8]]) -> Rule {
    // The order in which the reference shows them; `A` stands for all of the first, and hides `n`.
    const SHOWN: &[u8] = b"g$lshzxetd";
    const OTHERS: &[u8] = b"KEm";
    let flags = words.first().copied().unwrap_or_default();
    if words.len() > 1
        || flags.iter().any(|flag| !SHOWN.contains(flag) && !OTHERS.contains(flag) && !b"An".contains(flag))
    {
        return Err("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".into());
    }
    let on = |flag: u8| flags.contains(&flag);
    let all = on(b'A') || SHOWN.iter().all(|flag| on(*flag));
    let mut text: Vec<u8> =
        if all { b"A".to_vec() } else { b"g$lshzxetdn".iter().copied().filter(|flag| on(*flag)).collect() };
    text.extend(OTHERS.iter().copied().filter(|flag| on(*flag)));
    Ok(text)
}

pub(super) fn hostname(_: &[u8], words: &[&[u8]]) -> Rule {
    let name = join(words);
    if name.len() >= 256 {
        return Err("Hostnames must be less than 256 characters".into());
    }
    if name.iter().any(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'.')) {
        return Err("Hostnames may only contain alphanumeric characters, hyphens or dots".into());
    }
    Ok(name)
}

pub(super) fn replica_of(_: &[u8], words: &[&[u8]]) -> Rule {
    match words {
        [] => Ok(Vec::new()),
        [no, one] if no.eq_ignore_ascii_case(b"no") && one.eq_ignore_ascii_case(b"one") => Ok(Vec::new()),
        [_, port] if parse_int(port).is_some_and(|port| (0..=65535).contains(&port)) => Ok(join(words)),
        [_, _] => Err("Invalid master port".into()),
        _ => Err("wrong number of arguments".into()),
    }
}

pub(super) fn save(_: &[u8], words: &[&[u8]]) -> Rule {
    if matches!(words, [] | [[]]) {
        return Ok(Vec::new());
    }
    if !words.len().is_multiple_of(2) {
        return Err("Invalid save parameters".into());
    }
    for pair in words.chunks_exact(2) {
        let seconds = parse_int(pair[0]).filter(|seconds| *seconds >= 1);
        let changes = parse_int(pair[1]).filter(|changes| *changes >= 0);
        if seconds.is_none() || changes.is_none() {
            return Err("Invalid save parameters".into());
        }
    }
    Ok(join(words))
}

pub(super) fn tls_port(_: &[u8], words: &[&[u8]]) -> Rule {
    let [word] = words else { return Err("wrong number of arguments".into()) };
    match parse_int(word).ok_or("argument couldn't be parsed into an integer")? {
        0 => Ok(b"0".to_vec()),
        1..=65535 => Err("Unable to update TLS configuration. Check server logs.".into()),
        _ => Err("argument must be between 0 and 65535 inclusive".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rule: fn(&[u8], &[&[u8]]) -> Rule, current: &str, words: &str) -> Result<String, String> {
        let words: Vec<&[u8]> = words.as_bytes().split(|byte| *byte == b' ').collect();
        rule(current.as_bytes(), &words)
            .map(|value| String::from_utf8(value).unwrap())
            .map_err(|refusal| refusal.into_owned())
    }

    #[test]
    fn output_limits_of_one_class_leave_the_others() {
        let before = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60";
        assert_eq!(
            run(output_limits, before, "replica 1mb 0 5").unwrap(),
            "normal 0 0 0 slave 1048576 0 5 pubsub 33554432 8388608 60"
        );
        let refused = |words| run(output_limits, before, words).unwrap_err();
        assert_eq!(refused("foo"), "Wrong number of arguments in buffer limit configuration.");
        assert_eq!(refused("foo 0 0 0"), "Invalid client class specified in buffer limit configuration.");
    }

    #[test]
    fn event_classes_are_shown_in_the_reference_s_order() {
        assert_eq!(run(notify_events, "", "KEA").unwrap(), "AKE");
        assert_eq!(run(notify_events, "", "Kg$xe").unwrap(), "g$xeK");
        assert!(run(notify_events, "", "Q").is_err());
    }

    #[test]
    fn save_points_come_in_pairs() {
        assert_eq!(run(save, "", "3600 1").unwrap(), "3600 1");
        assert_eq!(run(save, "", "").unwrap(), "");
        assert_eq!(run(save, "", "3600").unwrap_err(), "Invalid save parameters");
        assert_eq!(run(save, "", "0 1").unwrap_err(), "Invalid save parameters");
    }

    #[test]
    fn bind_takes_addresses_with_an_optional_mark() {
        let any6 = BindAddress { ip: Ipv6Addr::UNSPECIFIED.into(), optional: true };
        assert_eq!(bind_addresses(b"-::*"), Some(vec![any6]));
        assert_eq!(run(bind, "", "300.1.1.1").unwrap_err(), "Failed to bind to specified addresses.");
    }
}
