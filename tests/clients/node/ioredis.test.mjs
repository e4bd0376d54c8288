// ioredis against a whole cluster: `Redis` on the proxy, `Cluster` on the nodes, in RESP2 and RESP3.

import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Cluster, Redis } from "ioredis";
import { blobs, everyByte, flush, keys, sameList, sorted, useCluster } from "./support.mjs";

const up = useCluster(22_400);
const plain = (options) => new Redis({ port: up.port, host: "127.0.0.1", ...options });
const kinds = {
  "Redis on the proxy, RESP2": () => plain({ protocol: 2 }),
  "Redis on the proxy, RESP3": () => plain({ protocol: 3, replyMapping: "resp3" }),
  "Cluster, RESP2": () => new Cluster(nodes(), { redisOptions: { protocol: 2 } }),
  "Cluster, RESP3": () => new Cluster(nodes(), { redisOptions: { protocol: 3, replyMapping: "resp3" } }),
};
const nodes = () => up.nodePorts.map((port) => ({ port, host: "127.0.0.1" }));

for (const [kind, connect] of Object.entries(kinds)) {
  describe(`ioredis ${kind}`, () => {
    let client;
    const resp3 = kind.endsWith("RESP3");
    beforeEach(async () => {
      await flush(up);
      client = connect();
    });
    afterEach(async () => {
      await client.quit();
    });

    it("keeps every byte of string keys and values", async () => {
      for (const key of blobs) {
        for (const value of blobs) {
          assert.equal(await client.set(key, value), "OK");
          assert.deepEqual(await client.getBuffer(key), value);
        }
        assert.equal(await client.del(key), 1);
        assert.equal(await client.getBuffer(key), null);
      }
    });

    it("keeps every byte of hashes, lists, sets and sorted sets", async () => {
      const fields = blobs.flatMap((blob) => [blob, Buffer.from(blob).reverse()]);
      assert.equal(await client.hset(everyByte, ...fields), blobs.length);
      for (const blob of blobs) {
        assert.deepEqual(await client.hgetBuffer(everyByte, blob), Buffer.from(blob).reverse());
      }
      assert.deepEqual(sorted(await client.hkeysBuffer(everyByte)), sorted(blobs));

      assert.equal(await client.rpush("list", ...blobs), blobs.length);
      assert.deepEqual(await client.lrangeBuffer("list", 0, -1), blobs);
      assert.deepEqual(await client.lpopBuffer("list"), blobs[0]);

      assert.equal(await client.sadd("set", ...blobs), blobs.length);
      assert.deepEqual(sorted(await client.smembersBuffer("set")), sorted(blobs));
      assert.equal(await client.sismember("set", "\r\n"), 1);

      assert.equal(await client.zadd("zset", ...blobs.flatMap((blob, i) => [i + 0.5, blob])), blobs.length);
      assert.deepEqual(await client.zrangeBuffer("zset", 0, -1), blobs);
      assert.equal(Number(await client.zscore("zset", blobs[1])), 1.5);
      assert.equal(typeof (await client.zscore("zset", blobs[1])), resp3 ? "number" : "string");
    });

    it("runs a pipeline of ten thousand commands and answers in order", async () => {
      // The library sends a cluster pipeline to one node, so the keys share a hash tag.
      const pipeline = client.pipeline();
      const expected = [];
      for (let i = 0; i < 5_000; i += 1) {
        pipeline.set(`{p}key:${i}`, `${i}\r\n`).get(`{p}key:${i}`);
        expected.push([null, "OK"], [null, `${i}\r\n`]);
      }
      sameList(await pipeline.exec(), expected);
    });

    it("answers ten thousand commands in flight over all nodes", async () => {
      const names = keys(5_000);
      const set = names.map((name) => client.set(name, `${name}\r\n`));
      const got = names.map((name) => client.get(name));
      assert.deepEqual(new Set(await Promise.all(set)), new Set(["OK"]));
      sameList(
        await Promise.all(got),
        names.map((name) => `${name}\r\n`),
      );
    });

    it("passes the reference's error texts on", async () => {
      await client.set("text", "abc");
      const wrongType = { message: "WRONGTYPE Operation against a key holding the wrong kind of value" };
      await assert.rejects(client.lpush("text", 1), wrongType);
      await assert.rejects(client.incr("text"), { message: "ERR value is not an integer or out of range" });
      await assert.rejects(client.set("text", "v", "NX", "XX"), { message: "ERR syntax error" });
      await assert.rejects(client.call("GET", "a", "b"), { message: "ERR wrong number of arguments for 'get' command" });
      const pipeline = client.pipeline().get("{t}a").incr("{t}b").lpush("{t}b", 1).incr("{t}b");
      const replies = await pipeline.exec();
      assert.deepEqual(replies.map(([error, reply]) => error?.message ?? reply), [null, 1, wrongType.message, 2]);
    });

    it("returns numbers, expiry and maps", async () => {
      assert.equal(await client.incrby("n", 41), 41);
      assert.equal(await client.incr("n"), 42);
      assert.equal(await client.expire("n", 100), 1);
      assert.equal(await client.ttl("n"), 100);
      await client.hset("hash", { a: "1", b: "2" });
      assert.deepEqual({ ...(await client.hgetall("hash")) }, { a: "1", b: "2" });
      const found = [];
      for await (const members of client.hscanStream("hash")) found.push(...members);
      assert.deepEqual(found, ["a", "1", "b", "2"]);
    });
  });
}

describe("ioredis on the proxy's one address", () => {
  let client;
  beforeEach(async () => {
    await flush(up);
    client = plain();
  });
  afterEach(() => client.disconnect());

  it("spans all nodes with commands of many keys", async () => {
    const names = keys(1_000);
    assert.equal(await client.mset(...names.flatMap((name) => [name, `${name}!`])), "OK");
    sameList(await client.mget(...names, "none"), [...names.map((name) => `${name}!`), null]);
    assert.equal(await client.exists(...names, "none"), 1_000);
    assert.equal(await client.touch(...names), 1_000);
    assert.equal(await client.del(...names.slice(0, 400), "none"), 400);
    assert.equal(await client.unlink(...names), 600);
  });

  it("sees the keyspace of all nodes whole", async () => {
    const names = keys(2_000);
    await client.mset(...names.flatMap((name) => [name, "v"]));
    assert.equal(await client.dbsize(), names.length);
    sameList((await client.keys("*")).sort(), [...names].sort());
    const found = new Set();
    for await (const page of client.scanStream({ match: "key:*", count: 100 })) page.forEach((name) => found.add(name));
    sameList([...found].sort(), [...names].sort());
    assert.equal(await client.flushall(), "OK");
    assert.equal(await client.dbsize(), 0);
  });

  it("serves many clients at once", async () => {
    const clients = Array.from({ length: 50 }, () => plain());
    await Promise.all(
      clients.map(async (one, number) => {
        for (let i = 0; i < 100; i += 1) {
          await one.incr("shared");
          await one.set(`own:${number}`, i);
          assert.equal(await one.get(`own:${number}`), String(i));
        }
        await one.quit();
      }),
    );
    assert.equal(await client.get("shared"), "5000");
  });

  it("serves a client again after its QUIT", async () => {
    await client.set("a", "1");
    const ended = once(client, "end");
    assert.equal(await client.quit(), "OK");
    await ended;
    await client.connect();
    assert.equal(await client.get("a"), "1");
  });

  it("shares its keyspace with cluster clients", async (test) => {
    const cluster = new Cluster(nodes());
    test.after(() => cluster.quit());
    const names = keys(300);
    await Promise.all(names.map((name) => cluster.set(name, name)));
    sameList(await client.mget(...names), names);
    assert.equal(cluster.nodes("master").length, up.nodePorts.length);
  });
});
