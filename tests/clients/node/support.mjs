// A whole cluster for a test file: `slotwise up` on free ports, started before its tests and ended after them. And the
// bytes that break whoever takes keys or values for text.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const PROGRAM = process.env.SLOTWISE ?? path.join(ROOT, "target/release/slotwise");
const NODES = 3;
const READY_LINE = "Ready to accept connections";
// Longest wait for the cluster to get ready, and to end after SIGTERM.
const PATIENCE_MS = 20_000;

export const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
export const blobs = [
  everyByte,
  ...["\r\n", "$5\r\nhello\r\n", "", "\0", "-ERR no\r\n", "{", "}{", "{}x", " a b "].map((text) => Buffer.from(text)),
  Buffer.from([0xff, 0xfe]),
];

export const sorted = (buffers) => [...buffers].sort(Buffer.compare);
export const keys = (count) => Array.from({ length: count }, (_, i) => `key:${i}`);

/** As `assert.deepEqual` for long arrays: names the first place where they differ instead of printing them. */
export function sameList(actual, expected) {
  assert.equal(actual.length, expected.length);
  actual.forEach((one, i) => assert.deepEqual(one, expected[i], `at index ${i}`));
}

/** Starts a cluster for the tests of the calling file. The ports are known once its tests run. */
export function useCluster(firstPort) {
  const up = { port: 0, nodePorts: [] };
  let child;
  let said = "";
  before(async () => {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const first = await freeRange(firstPort + attempt * 20, 1 + NODES);
      up.port = first;
      up.nodePorts = Array.from({ length: NODES }, (_, i) => first + 1 + i);
      child = spawn(PROGRAM, ["up", "--nodes", NODES, "--port", first, "--node-port", first + 1].map(String), {
        stdio: ["ignore", "pipe", "pipe"],
      });
      said = "";
      for (const output of [child.stdout, child.stderr]) output.on("data", (text) => (said += text));
      if (await isReady(child, () => said)) return;
      child.kill("SIGKILL");
    }
    assert.fail(`the cluster does not get ready: ${said}`);
  });
  after(async () => {
    assert.equal(child.exitCode, null, `the cluster ended during the tests: ${said}`);
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    const [code, signal] = await ended;
    clearTimeout(timer);
    assert.deepEqual([code, signal], [0, null], "the cluster ends cleanly on SIGTERM");
  });
  return up;
}

/** Empties every node and what the proxy sees. */
export async function flush(up) {
  for (const port of [...up.nodePorts, up.port]) assert.equal(await ask(port, "FLUSHALL"), "+OK");
}

async function isReady(child, said) {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    if (said().includes(READY_LINE)) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

/** Sends one inline command and returns its reply line, or the first chunk of a longer reply; "" when nobody listens. */
function ask(port, line) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(`${line}\r\n`));
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.on("data", (data) => {
      resolve(data.toString().trimEnd());
      socket.destroy();
    });
    socket.on("error", () => resolve(""));
    socket.on("close", () => resolve(""));
  });
}

async function freeRange(from, count) {
  for (let first = from; first < from + 100; first += 1) {
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`no ${count} neighbouring free ports from ${from} on`);
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
