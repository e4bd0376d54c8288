// node-redis against a whole cluster: `createClient` on the proxy, `createCluster` on the nodes, in RESP2 and RESP3.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createClient, createCluster, RESP_TYPES } from "redis";
import { blobs, everyByte, flush, keys, sameList, sorted, useCluster } from "./support.mjs";

const up = useCluster(22_600);
const fail = (error) => assert.fail(`the client reports: ${error.message}`);
const plain = (RESP = 3) => createClient({ RESP, url: `redis://127.0.0.1:${up.port}` });
const cluster = (RESP = 3) =>
  createCluster({ RESP, rootNodes: up.nodePorts.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
const binary = { [RESP_TYPES.BLOB_STRING]: Buffer };
const kinds = {
  "createClient on the proxy, RESP2": () => plain(2),
  "createClient on the proxy, RESP3": () => plain(3),
  "createCluster, RESP2": () => cluster(2),
  "createCluster, RESP3": () => cluster(3),
};

for (const [kind, create] of Object.entries(kinds)) {
  describe(`node-redis ${kind}`, () => {
    let client;
    let bytes;
    beforeEach(async () => {
      await flush(up);
      client = create();
      client.on("error", fail);
      await client.connect();
      bytes = client.withTypeMapping(binary);
    });
    afterEach(async () => {
      await client.close();
    });

    it("keeps every byte of string keys and values", async () => {
      for (const key of blobs) {
        for (const value of blobs) {
          assert.equal(await client.set(key, value), "OK");
          assert.deepEqual(await bytes.get(key), value);
        }
        assert.equal(await client.del(key), 1);
        assert.equal(await bytes.get(key), null);
      }
    });

    it("keeps every byte of hashes, lists, sets and sorted sets", async () => {
      for (const blob of blobs) assert.equal(await client.hSet(everyByte, blob, Buffer.from(blob).reverse()), 1);
      for (const blob of blobs) assert.deepEqual(await bytes.hGet(everyByte, blob), Buffer.from(blob).reverse());
      assert.deepEqual(sorted(await bytes.hKeys(everyByte)), sorted(blobs));

      assert.equal(await client.rPush("list", blobs), blobs.length);
      assert.deepEqual(await bytes.lRange("list", 0, -1), blobs);
      assert.deepEqual(await bytes.lPop("list"), blobs[0]);

      assert.equal(await client.sAdd("set", blobs), blobs.length);
      assert.deepEqual(sorted(await bytes.sMembers("set")), sorted(blobs));
      assert.equal(await client.sIsMember("set", "\r\n"), 1);

      const members = blobs.map((value, i) => ({ value, score: i + 0.5 }));
      assert.equal(await client.zAdd("zset", members), blobs.length);
      assert.deepEqual(await bytes.zRangeWithScores("zset", 0, -1), members);
      assert.equal(await client.zScore("zset", blobs[1]), 1.5);
      assert.deepEqual(await bytes.zPopMin("zset"), members[0]);
    });

    it("runs a pipeline of ten thousand commands and answers in order", async () => {
      // The library sends a cluster pipeline to one node, so the keys share a hash tag.
      const pipeline = client.multi();
      const expected = [];
      for (let i = 0; i < 5_000; i += 1) {
        pipeline.set(`{p}key:${i}`, `${i}\r\n`).get(`{p}key:${i}`);
        expected.push("OK", `${i}\r\n`);
      }
      sameList(await pipeline.execAsPipeline(), expected);
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
      await assert.rejects(client.lPush("text", "1"), wrongType);
      await assert.rejects(client.incr("text"), { message: "ERR value is not an integer or out of range" });
      await assert.rejects(client.hIncrByFloat("hash", "f", "x"), { message: "ERR value is not a valid float" });
      await assert.rejects(client.lSet("none", 0, "v"), { message: "ERR no such key" });
    });

    it("returns numbers, expiry and maps", async () => {
      assert.equal(await client.incrBy("n", 41), 41);
      assert.equal(await client.incr("n"), 42);
      assert.equal(await client.expire("n", 100), 1);
      assert.equal(await client.ttl("n"), 100);
      assert.equal(await client.hSet("hash", { a: "1", b: "2" }), 2);
      assert.deepEqual({ ...(await client.hGetAll("hash")) }, { a: "1", b: "2" });
      assert.equal(await client.incrByFloat("f", 0.1), "0.1");
    });
  });
}

describe("node-redis on the proxy's one address", () => {
  let client;
  beforeEach(async () => {
    await flush(up);
    client = plain();
    client.on("error", fail);
    await client.connect();
  });
  afterEach(() => client.isOpen && client.destroy());

  it("spans all nodes with commands of many keys", async () => {
    const names = keys(1_000);
    assert.equal(await client.mSet(names.map((name) => [name, `${name}!`])), "OK");
    sameList(await client.mGet([...names, "none"]), [...names.map((name) => `${name}!`), null]);
    assert.equal(await client.exists([...names, "none"]), 1_000);
    assert.equal(await client.touch(names), 1_000);
    assert.equal(await client.del([...names.slice(0, 400), "none"]), 400);
    assert.equal(await client.unlink(names), 600);
  });

  it("sees the keyspace of all nodes whole", async () => {
    const names = keys(2_000);
    await client.mSet(names.map((name) => [name, "v"]));
    assert.equal(await client.dbSize(), names.length);
    sameList((await client.keys("*")).sort(), [...names].sort());
    const found = new Set();
    for await (const page of client.scanIterator({ MATCH: "key:*", COUNT: 100 })) page.forEach((key) => found.add(key));
    sameList([...found].sort(), [...names].sort());
    assert.equal(await client.flushAll(), "OK");
    assert.equal(await client.dbSize(), 0);
  });

  it("serves many clients at once", async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => plain().on("error", fail).connect()));
    await Promise.all(
      clients.map(async (one, number) => {
        for (let i = 0; i < 100; i += 1) {
          await one.incr("shared");
          await one.set(`own:${number}`, i);
          assert.equal(await one.get(`own:${number}`), String(i));
        }
        await one.close();
      }),
    );
    assert.equal(await client.get("shared"), "5000");
  });

  it("serves a client again after its QUIT", async (test) => {
    await client.set("a", "1");
    // The client reports the closed connection and opens another one by itself.
    const again = await plain().on("error", () => {}).connect();
    test.after(() => again.destroy());
    const ready = new Promise((resolve) => again.once("ready", resolve));
    assert.equal(await again.sendCommand(["QUIT"]), "OK");
    await ready;
    assert.equal(await again.get("a"), "1");
    assert.equal(await client.get("a"), "1");
  });

  it("shares its keyspace with cluster clients", async (test) => {
    const other = await cluster().on("error", fail).connect();
    test.after(() => other.close());
    const names = keys(300);
    await Promise.all(names.map((name) => other.set(name, name)));
    sameList(await client.mGet(names), names);
    assert.equal(other.masters.length, up.nodePorts.length);
  });
});
