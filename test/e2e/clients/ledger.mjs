// Writes keys and reads them back with ioredis until it is told to stop (a line on stdin); prints one JSON line for
// each write and read, then reads every acknowledged key once more. Settings come from the environment.
//
// Each worker has a hash tag of its own, so that it speaks to one shard. A key whose write had an unknown outcome
// is not written again: what is in the air may still take effect.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Cluster } from 'ioredis';

const { HOST, PORT = '6379', REDIS_USER, PASSWORD, CA = '/ca/ca.crt', PREFIX = 'js' } = process.env;
const workers = Number(process.env.WORKERS ?? 6);
const paceMs = Number(process.env.PACE_MS ?? 10);
const TIMEOUT_MS = 2000;

const client = new Cluster([{ host: HOST, port: Number(PORT) }], {
  dnsLookup: (address, callback) => callback(null, address),
  clusterRetryStrategy: () => 100,
  retryDelayOnFailover: 50,
  retryDelayOnClusterDown: 50,
  slotsRefreshTimeout: 2000,
  slotsRefreshInterval: 1000,
  redisOptions: {
    username: REDIS_USER,
    password: PASSWORD,
    connectTimeout: 2000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: true,
    ...(CA === '' ? {} : { tls: { rejectUnauthorized: true, ca: readFileSync(CA) } }),
  },
});
client.on('error', () => undefined);

let stopping = false;
createInterface({ input: process.stdin }).once('line', () => {
  stopping = true;
});

const going = () => !stopping;
const now = () => performance.now();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (line, written) => process.stdout.write(`${JSON.stringify(line)}\n`, written);

/** The answer, or an error when there is none in time; the command itself may still be on its way. */
function within(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), TIMEOUT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const acknowledged = new Map();

async function write(key, value) {
  const startMs = now();
  try {
    await within(client.set(key, String(value)));
    say({ op: 'write', key, value, startMs, ackMs: now() });
    acknowledged.set(key, value);
    return true;
  } catch (error) {
    say({ op: 'write', key, value, startMs, ackMs: null, error: String(error.message) });
    return false;
  }
}

async function read(key, final = false) {
  const startMs = now();
  try {
    // a GET may go to a replica while ioredis knows no primary; GETEX counts as a write
    const value = await within(client.getex(key));
    say({ op: 'read', key, value: Number(value ?? 0), startMs, endMs: now(), final });
    return true;
  } catch {
    return !final;
  }
}

async function work(worker) {
  const tag = `${PREFIX}{${worker}}`;
  let register = 0;
  let value = 0;
  for (let round = 0; going(); round++) {
    const isRegister = round % 4 === 0;
    const key = isRegister ? `${tag}:r${register}` : `${tag}:${round}`;
    const done = await write(key, isRegister ? ++value : 1);
    if (!done && isRegister) {
      register++;
      value = 0;
    }
    await pause(done ? paceMs : 50);
  }
}

async function watch(worker) {
  const tag = `${PREFIX}{${worker}}`;
  while (going()) {
    for (const key of acknowledged.keys()) {
      if (going() && key.startsWith(`${tag}:r`)) await read(key);
    }
    await pause(paceMs);
  }
}

await Promise.all(
  Array.from({ length: workers }, (_, worker) => [work(worker), watch(worker)]).flat(),
);
const missing = new Set(acknowledged.keys());
for (let attempt = 0; attempt < 300 && missing.size > 0; attempt++) {
  const keys = [...missing];
  for (let at = 0; at < keys.length; at += 200) {
    await Promise.all(
      keys.slice(at, at + 200).map(async (key) => {
        if (await read(key, true)) missing.delete(key);
      }),
    );
  }
  if (missing.size > 0) await pause(200);
}
client.disconnect();
// A reader that is slow has the pipe full: what is still to be written is gone with the process.
say({ op: 'end', unread: missing.size }, () => process.exit(0));
