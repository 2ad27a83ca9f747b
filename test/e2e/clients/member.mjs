// Connections to single members, and what the cluster says of them. Settings come from the environment, as in
// ledger.mjs.
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';

const { HOST, PORT = '6379', REDIS_USER, PASSWORD, CA = '/ca/ca.crt' } = process.env;

/** A connection that says nothing for so long is made anew. */
export const SILENT_MS = 1000;
export const encrypted = CA !== '';

const settings = {
  username: REDIS_USER,
  password: PASSWORD,
  connectTimeout: SILENT_MS,
  retryStrategy: () => 50,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  ...(encrypted ? { tls: { ca: readFileSync(CA) } } : {}),
};

export function client(host, port) {
  const redis = new Redis({ ...settings, host, port });
  redis.on('error', () => undefined);
  return redis;
}

const named = (flat) =>
  Object.fromEntries(flat.flatMap((name, at) => (at % 2 ? [] : [[name, flat[at + 1]]])));

/** CLUSTER SHARDS as objects, and the connection that was asked. */
export async function topology() {
  const redis = client(HOST, Number(PORT));
  await new Promise((resolve) => redis.once('ready', resolve));
  const shards = (await redis.call('CLUSTER', 'SHARDS')).map(named);
  return { redis, shards: shards.map((shard) => ({ ...shard, nodes: shard.nodes.map(named) })) };
}
