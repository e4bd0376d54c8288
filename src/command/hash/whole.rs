//! A whole hash: its length, fields and values.

use super::read;
use crate::command::elem::bulk;
use crate::command::spec::{KeySpec, Spec};
use crate::command::{Args, Ctx, Outcome, Run};
use crate::store::value::hash::Hash;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "hlen",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Get the number of fields in a hash",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(hlen),
        ..Spec::BLANK
    },
    Spec {
        name: "hkeys",
        arity: 2,
        flags: "readonly",
        acl: "@read @hash @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get all the fields in a hash",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) where N is the size of the hash.",
        args: "key@0",
        run: Run::Data(hkeys),
        ..Spec::BLANK
    },
    Spec {
        name: "hvals",
        arity: 2,
        flags: "readonly",
        acl: "@read @hash @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get all the values in a hash",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) where N is the size of the hash.",
        args: "key@0",
        run: Run::Data(hvals),
        ..Spec::BLANK
    },
    Spec {
        name: "hgetall",
        arity: 2,
        flags: "readonly",
        acl: "@read @hash @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get all the fields and values in a hash",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) where N is the size of the hash.",
        args: "key@0",
        run: Run::Data(hgetall),
        ..Spec::BLANK
    },
];

fn hlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    read(ctx, args.key(1), |hash, reply| {
        reply.int(hash.map_or(0, Hash::len) as i64);
        Ok(())
    })
}

fn hkeys(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    read(ctx, args.key(1), |hash, reply| {
        reply.array(hash.map_or(0, Hash::len));
        if let Some(hash) = hash {
            hash.iter().for_each(|(field, _)| bulk(reply, field));
        }
        Ok(())
    })
}

fn hvals(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    read(ctx, args.key(1), |hash, reply| {
        reply.array(hash.map_or(0, Hash::len));
        if let Some(hash) = hash {
            hash.iter().for_each(|(_, value)| bulk(reply, value));
        }
        Ok(())
    })
}

fn hgetall(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    read(ctx, args.key(1), |hash, reply| {
        reply.map(hash.map_or(0, Hash::len));
        if let Some(hash) = hash {
            hash.iter().for_each(|(field, value)| {
                bulk(reply, field);
                bulk(reply, value);
            });
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    #[test]
    fn all_of_a_hash_in_the_order_of_its_fields() {
        let mut s = Session::default();
        s.run("HSET k a 1 b two");
        assert_eq!(s.run("HLEN k"), ":2");
        assert_eq!(s.run("HKEYS k"), "*2 $1 a $1 b");
        assert_eq!(s.run("HVALS k"), "*2 $1 1 $3 two");
        assert_eq!(s.run("HGETALL k"), "*4 $1 a $1 1 $1 b $3 two");
        assert_eq!(s.run("HGETALL missing"), "*0");
        s.protocol = Protocol::Resp3;
        assert_eq!(s.run("HGETALL k"), "%2 $1 a $1 1 $1 b $3 two");
        assert_eq!(s.run("HGETALL missing"), "%0");
        assert_eq!(s.run("HKEYS missing"), "*0");
        s.run("SADD set 1");
        for line in ["HLEN set", "HKEYS set", "HVALS set", "HGETALL set"] {
            assert!(s.run(line).starts_with("-WRONGTYPE "), "{line}");
        }
    }

    #[test]
    fn expired_fields_are_not_shown_and_the_last_one_takes_the_key_along() {
        let mut s = Session::default();
        s.run("HSET k a 1 b 2");
        s.run("HPEXPIRE k 10 FIELDS 1 a");
        s.run("HPEXPIRE k 20 FIELDS 1 b");
        s.now_ms += 10;
        assert_eq!(s.run("HGETALL k"), "*2 $1 b $1 2");
        assert_eq!(s.run("HLEN k"), ":1");
        s.now_ms += 10;
        assert_eq!(s.run("HVALS k"), "*0");
        assert_eq!(s.run("SADD k 1"), ":1");
    }
}
