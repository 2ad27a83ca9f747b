/**
 * WAIT and WAITAOF against a valkey-server (Redis 7.0 knows one of them): a primary with one replica there, and a
 * simulated shard with one replica here. Where the figures must agree they are compared.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SimShard } from '../sim/shard.ts';
import { type Reply, ReplyError, type SimConnection } from '../sim/client.ts';
import { ORACLES, RedisConnection, type RedisServer, startReplicated } from './redis-server.ts';

const servers: RedisServer[] = [];
let theirs: RedisConnection;
const hasOracle = ORACLES.includes('valkey-server');

beforeAll(async () => {
  if (!hasOracle) return;
  const primary = await startReplicated('valkey-server', null);
  servers.push(primary);
  servers.push(await startReplicated('valkey-server', primary));
  theirs = await RedisConnection.open(primary.port);
});

afterAll(async () => {
  theirs?.close();
  for (const server of servers) await server.stop();
});

class Ours {
  readonly #shard = new SimShard({ seed: 1 });
  readonly #client: SimConnection;

  constructor() {
    this.#client = this.#shard.connect(this.#shard.ready());
    this.#shard.world.runUntil(this.#shard.world.nowMs + 100);
  }

  /** The reply as RESP. */
  call(...words: string[]): string {
    const { replies } = this.#client;
    const before = replies.length;
    this.#client.command(...words);
    this.#shard.world.runWhile(() => replies.length > before, 10_000);
    return encode(replies[before]);
  }
}

function encode(reply: Reply): string {
  if (reply instanceof ReplyError) return `-${reply.line}\r\n`;
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (reply === null) return '$-1\r\n';
  if (typeof reply === 'string') return `+${reply}\r\n`;
  return `*${reply.length}\r\n${reply.map(encode).join('')}`;
}

test.runIf(hasOracle)(
  'errors, and answers with and without blocking, are those of Valkey',
  async () => {
    const ours = new Ours();
    const lines = `
    SET k v | WAIT 1 0 | WAIT 0 0 | WAIT -1 0 | WAIT 1 100 | WAIT 2 50 | SET k w | WAITAOF 1 1 0 | WAITAOF 0 0 0
    SET k x | WAITAOF 1 1 0 | WAITAOF 1 0 0 | WAITAOF 1 2 50 | WAITAOF 0 2 50
    WAIT | WAIT 1 | WAIT 1 2 3 | WAIT x 0 | WAIT 1 x | WAIT 1 -1 | WAIT x -1 | WAIT 1 1.5 | WAIT 99999999999999999999 0
    WAIT 1 9223372036854775807 | WAIT 1 9223372036854775808 | WAIT 2 30
    WAITAOF 1 1 | WAITAOF 2 0 0 | WAITAOF -1 0 0 | WAITAOF x 0 0 | WAITAOF 0 -1 0 | WAITAOF 0 x 0 | WAITAOF 0 0 -1
    WAITAOF 0 0 x | WAITAOF 9223372036854775808 0 0 | WAITAOF x x x | WAITAOF 2 x x | WAITAOF 1 -1 x
    MULTI | WAIT 5 0 | WAIT x 0 | WAITAOF 1 5 0 | EXEC | WAIT 1 0`;
    for (const line of lines.split(/[|\n]/).map((words) => words.trim().split(' '))) {
      if (line[0] === '') continue;
      expect([line.join(' '), ours.call(...line)]).toEqual([
        line.join(' '),
        await theirs.call(...line),
      ]);
    }
  },
);

test.runIf(hasOracle)('COMMAND INFO describes them as Valkey does', async () => {
  const ours = new Ours();
  const words = (reply: string): string[] => (reply.match(/@?[a-z_]+(:[a-z_]+)?/g) ?? []).sort();
  for (const name of ['wait', 'waitaof']) {
    const mine = words(ours.call('COMMAND', 'INFO', name));
    expect(words(await theirs.call('COMMAND', 'INFO', name))).toEqual(mine);
  }
});
