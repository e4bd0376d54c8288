//! Random values, as requests that make them.

use fastrand::Rng;

pub type Request = Vec<Vec<u8>>;

/// A value to make at a key.
pub struct Made {
    pub requests: Vec<Request>,
    /// Its bytes do not depend on the order in a table.
    pub is_ordered: bool,
}

/// A string of one of many kinds: numbers of all sizes, what compresses well and what does not, empty and long ones.
pub fn text(random: &mut Rng, bytes_max: usize) -> Vec<u8> {
    let bytes = if random.bool() { random.usize(0..=24) } else { random.usize(0..=bytes_max) };
    match random.u8(0..8) {
        0 => (random.i64(..) >> random.u8(0..64)).to_string().into_bytes(),
        1 => random.u8(0..100).to_string().into_bytes(),
        2 => vec![random.alphanumeric() as u8; bytes],
        3 => (0..bytes).map(|_| random.u8(..)).collect(),
        4 => format!("{:.3}", random.f64() * 1000.0).into_bytes(),
        5 => (0..bytes).map(|_| random.choice(*b"ab").unwrap_or_default()).collect(),
        _ => repetitive(random, bytes),
    }
}

/// Words that come again near and far.
fn repetitive(random: &mut Rng, bytes: usize) -> Vec<u8> {
    let mut text: Vec<u8> = Vec::new();
    while text.len() < bytes {
        if text.len() > 4 && random.bool() {
            let from = random.usize(..text.len());
            let count = random.usize(1..400).min(text.len() - from);
            text.extend_from_within(from..from + count);
        } else {
            text.extend((0..random.usize(1..20)).map(|_| random.lowercase() as u8));
        }
    }
    text.truncate(bytes);
    text
}

fn score(random: &mut Rng) -> String {
    match random.u8(0..6) {
        0 => "inf".into(),
        1 => "-inf".into(),
        2 => random.i64(-1000..1000).to_string(),
        3 => (random.i64(..) >> random.u8(0..64)).to_string(),
        4 => format!("{}", f64::from_bits(random.u64(..) & !(1 << 62))),
        _ => format!("{}", random.f64() * 100.0),
    }
}

fn request(words: impl IntoIterator<Item = Vec<u8>>) -> Request {
    words.into_iter().collect()
}

/// A random value at `key`.
pub fn any(random: &mut Rng, key: &str) -> Made {
    let word = |text: &str| text.as_bytes().to_vec();
    let adding = |name: &str, elements: &mut dyn Iterator<Item = Vec<u8>>| {
        request([word(name), word(key)].into_iter().chain(elements))
    };
    let few = random.bool();
    let count = if few { random.usize(1..20) } else { random.usize(1..700) };
    let bytes_max = if random.bool() { 60 } else { 3000 };
    match random.u8(0..7) {
        6 => stream(random, key),
        0 => {
            let bytes_max = if random.u8(0..10) == 0 { 100_000 } else { bytes_max };
            Made { requests: vec![request([word("SET"), word(key), text(random, bytes_max)])], is_ordered: true }
        }
        1 => {
            let front = random.bool();
            let elements: Vec<Vec<u8>> = (0..count).map(|_| text(random, bytes_max)).collect();
            // Beyond one node, where they part depends on how the list came to be.
            let bytes: usize = elements.iter().map(|element| element.len() + 11).sum();
            let name = if front { "LPUSH" } else { "RPUSH" };
            Made { requests: vec![adding(name, &mut elements.into_iter())], is_ordered: !front || bytes < 8000 }
        }
        2 => {
            let shift = random.u8(0..63);
            let mut members = (0..count).map(|_| (random.i64(..) >> shift).to_string().into_bytes());
            Made { requests: vec![adding("SADD", &mut members)], is_ordered: count <= 512 }
        }
        3 => {
            let mut members = (0..count).map(|_| text(random, bytes_max));
            Made { requests: vec![adding("SADD", &mut members)], is_ordered: false }
        }
        4 => {
            let mut pairs = (0..count).flat_map(|_| [score(random).into_bytes(), text(random, bytes_max)]);
            Made { requests: vec![adding("ZADD", &mut pairs)], is_ordered: true }
        }
        _ => {
            let pairs: Vec<Vec<u8>> = (0..2 * count).map(|_| text(random, bytes_max)).collect();
            let packed = count <= 512 && pairs.iter().all(|text| text.len() <= 64);
            Made { requests: vec![adding("HSET", &mut pairs.into_iter())], is_ordered: packed }
        }
    }
}

/// Entries of the same and of other fields, some deleted again, with groups that have read some and acknowledged fewer.
fn stream(random: &mut Rng, key: &str) -> Made {
    let mut lines: Vec<String> = Vec::new();
    let count = if random.bool() { random.usize(1..10) } else { random.usize(1..300) };
    let (mut ms, mut seq) = (random.u64(..1000), 1);
    let mut ids = Vec::new();
    for _ in 0..count {
        match random.u8(0..3) {
            0 => seq += random.u64(1..5),
            1 => (ms, seq) = (ms + random.u64(1..100_000), random.u64(..3)),
            _ => (ms, seq) = (ms + 1, random.u64(..) >> random.u8(1..64)),
        }
        ids.push(format!("{ms}-{seq}"));
        let fields =
            if random.u8(0..4) > 0 { "f 1 g 2".to_owned() } else { format!("h{} {}", random.u8(..9), random.i64(..)) };
        lines.push(format!("XADD {key} {ms}-{seq} {fields}"));
    }
    for _ in 0..random.usize(..=count) {
        lines.push(format!("XDEL {key} {}", random.choice(&ids).expect("there is one")));
    }
    if random.u8(0..4) == 0 {
        lines.push(format!("XTRIM {key} MAXLEN {}", random.usize(..=count)));
    }
    let groups = random.usize(..3);
    for group in 0..groups {
        let start = random.choice(&ids).expect("there is one");
        lines.push(format!("XGROUP CREATE {key} g{group} {}", if random.bool() { "0" } else { start }));
        for _ in 0..random.usize(..6) {
            let (consumer, count) = (random.u8(..4), random.u8(1..60));
            lines.push(format!("XREADGROUP GROUP g{group} c{consumer} COUNT {count} STREAMS {key} >"));
            lines.push(format!("XACK {key} g{group} {}", random.choice(&ids).expect("there is one")));
        }
    }
    let requests = lines.iter().map(|line| line.split(' ').map(|word| word.as_bytes().to_vec()).collect()).collect();
    // Groups have times in them.
    Made { requests, is_ordered: groups == 0 }
}
