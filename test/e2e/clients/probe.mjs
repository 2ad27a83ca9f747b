// How long no member of a shard acknowledges a write, apart from how long a client needs to notice: every member of
// every shard is asked all the time over a connection of its own, until a line comes on stdin. Then one JSON line for
// each shard. Settings come from the environment, as in ledger.mjs.
import { createInterface } from 'node:readline';
import { client, encrypted, SILENT_MS, topology } from './member.mjs';

const ASK_MS = 20;

/** A key of each shard, as the cluster tells its slots. */
async function keys(shards, redis) {
  const tags = new Map();
  for (let tag = 0; tags.size < shards.length; tag++) {
    const slot = await redis.call('CLUSTER', 'KEYSLOT', `{${tag}}`);
    const at = shards.findIndex(({ slots }) => slots[0] <= slot && slot <= slots[1]);
    if (at >= 0 && !tags.has(at)) tags.set(at, `probe{${tag}}`);
  }
  return shards.map((_, at) => tags.get(at));
}

const { redis, shards } = await topology();
const keyOf = await keys(shards, redis);
redis.disconnect();
const probes = shards.map(({ nodes }, at) => ({
  key: keyOf[at],
  lastMs: performance.now(),
  longestMs: 0,
  members: nodes.map(({ endpoint, port, 'tls-port': tlsPort }) => ({
    redis: client(endpoint, encrypted ? tlsPort : port),
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
  const lines = probes.map(
    ({ longestMs }) => `${JSON.stringify({ refusedMs: Math.round(longestMs) })}\n`,
  );
  // the process ends when they are written, as in ledger.mjs
  process.stdout.write(lines.join(''), () => process.exit(0));
});
