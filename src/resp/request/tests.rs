use super::*;

const LIMITS: RequestLimits = RequestLimits { bulk_bytes_max: 512 * 1024 * 1024, unauthenticated: false };

/// Feeds `chunks` one after another and collects every request as owned arguments.
fn feed(chunks: &[&[u8]], limits: RequestLimits) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
    let kept = feed_to(RequestParser::keeping_apart(), chunks, limits);
    assert_eq!(feed_to(RequestParser::default(), chunks, limits), kept, "kept apart or not");
    kept
}

fn feed_to(
    mut parser: RequestParser,
    chunks: &[&[u8]],
    limits: RequestLimits,
) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
    let mut buffer = Vec::new();
    let mut requests = Vec::new();
    for mut chunk in chunks.iter().copied() {
        if let Some((room, missing)) = parser.room() {
            let (apart, rest) = chunk.split_at(chunk.len().min(missing));
            room.extend_from_slice(apart);
            chunk = rest;
        }
        buffer.extend_from_slice(chunk);
        loop {
            let outcome = parser.parse(&mut buffer, limits, 3);
            for request in parser.requests() {
                requests
                    .push(parser.args_of(request).iter().map(|arg| arg.of(&buffer, parser.apart()).to_vec()).collect());
            }
            if let Err(error) = outcome {
                return (requests, Some(error));
            }
            let done = parser.requests().is_empty();
            parser.release_from(&mut buffer);
            if done {
                break;
            }
        }
    }
    (requests, None)
}

fn words(text: &[&str]) -> Vec<Vec<u8>> {
    text.iter().map(|word| word.as_bytes().to_vec()).collect()
}

#[test]
fn a_stream_split_at_any_byte_yields_the_same_requests() {
    let stream: &[u8] = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\nPING\r\n*1\r\n$0\r\n\r\n*0\r\n*-1\r\n\r\nset \"a b\" '\\'x' \"\\x41\\n\"\r\n*2\r\n$4\r\nLLEN\r\n$2\r\nxy\r\n";
    let expected = vec![
        words(&["SET", "k", "a\r\nb"]),
        words(&["PING"]),
        words(&[""]),
        words(&["set", "a b", "'x", "A\n"]),
        words(&["LLEN", "xy"]),
    ];
    assert_eq!(feed(&[stream], LIMITS), (expected.clone(), None));
    for split in 1..stream.len() {
        assert_eq!(feed(&[&stream[..split], &stream[split..]], LIMITS), (expected.clone(), None), "at {split}");
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(feed(&bytes, LIMITS), (expected, None));
}

#[test]
fn what_is_no_request_is_refused_with_the_reference_s_text() {
    let tight = RequestLimits { unauthenticated: true, ..LIMITS };
    let long = [b'x'; INLINE_BYTES_MAX + 2];
    for (bytes, limits, text) in [
        (&b"*x\r\n"[..], LIMITS, "Protocol error: invalid multibulk length"),
        (b"*1048577\r\n", LIMITS, "Protocol error: invalid multibulk length"),
        (b"*99999999999999999999\r\n", LIMITS, "Protocol error: invalid multibulk length"),
        (b"*01\r\n", LIMITS, "Protocol error: invalid multibulk length"),
        (b"*1\r\n$-1\r\n", LIMITS, "Protocol error: invalid bulk length"),
        (b"*1\r\n$536870913\r\n", LIMITS, "Protocol error: invalid bulk length"),
        (b"*1\r\n$x\r\n", LIMITS, "Protocol error: invalid bulk length"),
        (b"*1\r\nabc\r\n", LIMITS, "Protocol error: expected '$', got 'a'"),
        (b"*11\r\n", tight, "Protocol error: unauthenticated multibulk length"),
        (b"*1\r\n$16385\r\n", tight, "Protocol error: unauthenticated bulk length"),
        (b"get \"a\r\n", LIMITS, "Protocol error: unbalanced quotes in request"),
        (b"get \"a\"b\r\n", LIMITS, "Protocol error: unbalanced quotes in request"),
        (&long, LIMITS, "Protocol error: too big inline request"),
    ] {
        let (_, error) = feed(&[bytes], limits);
        assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(text));
    }
    let mut endless = b"*".to_vec();
    endless.extend([b'1'; INLINE_BYTES_MAX + 1]);
    assert_eq!(feed(&[&endless], LIMITS).1, Some(ProtocolError::CountTooLong));
}

#[test]
fn requests_in_front_of_an_error_are_kept() {
    let (requests, error) = feed(&[b"PING\r\n*x\r\n"], LIMITS);
    assert_eq!((requests.len(), error), (1, Some(ProtocolError::InvalidCount)));
}

#[test]
fn long_arguments_are_kept_out_of_the_buffer() {
    let (mut parser, mut buffer) = (RequestParser::keeping_apart(), Vec::new());
    let mut read = |parser: &mut RequestParser, bytes: &[u8]| {
        buffer.extend_from_slice(bytes);
        parser.parse(&mut buffer, LIMITS, 10).unwrap();
        let whole: Vec<_> = parser.requests().iter().map(|request| parser.args_of(request).len()).collect();
        let shared =
            parser.requests().first().and_then(|request| parser.args_of(request).get(2)?.shared_of(parser.apart()));
        let shared = shared.cloned();
        parser.release_from(&mut buffer);
        (whole, shared, buffer.len())
    };
    let head = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n";
    assert_eq!(read(&mut parser, &[&b"*1\r\n$4\r\nPING\r\n"[..], head, b"abc"].concat()), (vec![1], None, head.len()));
    let (room, missing) = parser.room().unwrap();
    assert_eq!((&room[..], missing), (&b"abc"[..], 499_999_997));
    assert!(room.capacity() <= 1 << 20, "what is announced is not reserved");

    let (mut parser, value) = (RequestParser::keeping_apart(), vec![b'v'; 100_000]);
    let head = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n";
    buffer.clear();
    let mut read = |parser: &mut RequestParser, bytes: &[u8]| {
        buffer.extend_from_slice(bytes);
        parser.parse(&mut buffer, LIMITS, 10).unwrap();
        let args = parser.requests().first().map(|request| parser.args_of(request));
        let shared = args.and_then(|args| args[2].shared_of(parser.apart()).cloned());
        parser.release_from(&mut buffer);
        shared
    };
    assert_eq!(read(&mut parser, &[head, &value[..20_000]].concat()), None);
    let (room, missing) = parser.room().unwrap();
    room.extend_from_slice(&value[..missing]);
    assert_eq!(parser.room(), None);
    assert_eq!(read(&mut parser, b"\r"), None);
    let shared = read(&mut parser, b"\n*1\r\n$4\r\nPING\r\n").unwrap();
    assert_eq!((&*shared, shared.capacity(), Arc::strong_count(&shared)), (&value, value.len(), 1));
}

#[test]
fn random_requests_survive_random_splits() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    // Now and then one that is kept apart.
    let length = |random: &mut fastrand::Rng| match random.u8(..) {
        0..4 => random.usize(APART_BYTES_MIN - 2..APART_BYTES_MIN * 3),
        _ => random.usize(0..300),
    };
    for _ in 0..300 {
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        for _ in 0..random.usize(1..8) {
            let args: Vec<Vec<u8>> =
                (0..random.usize(1..6)).map(|_| (0..length(&mut random)).map(|_| random.u8(..)).collect()).collect();
            stream.extend(format!("*{}\r\n", args.len()).bytes());
            for arg in &args {
                stream.extend(format!("${}\r\n", arg.len()).bytes());
                stream.extend(arg);
                stream.extend(b"\r\n");
            }
            expected.push(args);
        }
        let mut chunks = Vec::new();
        let mut rest = &stream[..];
        while !rest.is_empty() {
            let longest = if random.bool() { 64 } else { 20_000 };
            let (chunk, tail) = rest.split_at(random.usize(1..=rest.len().min(longest)));
            chunks.push(chunk);
            rest = tail;
        }
        assert_eq!(feed(&chunks, LIMITS), (expected, None), "seed {seed}");
    }
}
