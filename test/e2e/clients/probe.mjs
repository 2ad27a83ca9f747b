// How long no member of a shard acknowledges a write, apart from how long a client needs to notice: every member of
// every shard is asked all the time over a connection of its own, until a line comes on stdin. Then one JSON line for
// each shard. Settings come from the environment, as in ledger.mjs.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';

const { HOST, PORT = '6379', REDIS_USER, PASSWORD, CA = '/ca/ca.crt' } = process.env;
const ASK_MS = 20;
const SILENT_MS = 1000;

const settings = {
  username: REDIS_USER,
  password: PASSWORD,
  connectTimeout: SILENT_MS,
  retryStrategy: () => 50,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  ...(CA === '' ? {} : { tls: { ca: readFileSync(CA) } }),
};

const client = (host, port) => {
  const redis = new Redis({ ...settings, host, port });
  redis.on('error', () => undefined);
  return redis;
};

const named = (flat) =>
  Object.fromEntries(flat.flatMap((name, at) => (at % 2 ? [] : [[name, flat[at + 1]]])));

/** Each shard's first slot and its members, as the cluster tells them. */
async function shards() {
  const redis = client(HOST, Number(PORT));
  await new Promise((resolve) => redis.once('ready', resolve));
  const found = (await redis.call('CLUSTER', 'SHARDS')).map(named);
  const tags = new Map();
  for (let tag = 0; tags.size < found.length; tag++) {
    const slot = await redis.call('CLUSTER', 'KEYSLOT', `{${tag}}`);
    const at = found.findIndex(({ slots }) => slots[0] <= slot && slot <= slots[1]);
    if (at >= 0 && !tags.has(at)) tags.set(at, tag);
  }
  redis.disconnect();
  return found.map(({ slots, nodes }, at) => ({
    slot: slots[0],
    key: `probe{${tags.get(at)}}`,
    members: nodes.map(named),
  }));
}

const probes = (await shards()).map(({ slot, key, members }) => ({
  slot,
  key,
  lastMs: performance.now(),
  longestMs: 0,
  members: members.map(({ endpoint, 'tls-port': tlsPort, port }) => ({
    redis: client(endpoint, CA === '' ? port : tlsPort),
    askedMs: 0,
  })),
}));

async function ask(probe, member) {
  const { redis, askedMs } = member;
  if (askedMs > 0) {
    if (performance.now() - askedMs > SILENT_MS) redis.disconnect(true);
    return;
  }
  if (redis.status !== 'ready') return;
  member.askedMs = performance.now();
  try {
    await redis.set(probe.key, 'x');
    const nowMs = performance.now();
    probe.longestMs = Math.max(probe.longestMs, nowMs - probe.lastMs);
    probe.lastMs = nowMs;
  } catch {
    // a replica says MOVED
  }
  member.askedMs = 0;
}

const timer = setInterval(() => {
  for (const probe of probes) for (const member of probe.members) void ask(probe, member);
}, ASK_MS);

createInterface({ input: process.stdin }).once('line', () => {
  clearInterval(timer);
  for (const { slot, longestMs } of probes) {
    process.stdout.write(`${JSON.stringify({ slot, refusedMs: Math.round(longestMs) })}\n`);
  }
  process.exit(0);
});
