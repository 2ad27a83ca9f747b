/**
 * The load of the crash tests: several cluster clients, each running several loops of commands, every
 * outcome noted in a {@link Ledger}. A command that fails is counted and the loop goes on.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { Prng } from '#base/prng.ts';
import type { Ledger } from './ledger.ts';

/** How many `counter:N` there are. */
export const COUNTERS = 16;
/** How many `watched:N` there are: counters too, which only these clients raise. */
export const WATCHED = 16;
const PAIRS = 4;
/** How long a command may be under way when all members are there. */
const ANSWERED_WITHIN_MS = 30_000;
/** How often it is looked whether a client has given up. */
const LOOK_MS = 1000;
/** ioredis' word for a command without a reply in time. */
const TIMED_OUT = 'Command timed out';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface LoadOptions {
  readonly endpoints: readonly Endpoint[];
  /** PEM; null without TLS. */
  readonly ca: string | null;
  readonly clients: number;
  readonly loopsPerClient: number;
  readonly seed: number;
  readonly ledger: Ledger;
  /** How long a client waits for a reply before it looks elsewhere; null: as long as the connection lasts. */
  readonly commandTimeoutMs?: number | null;
}

const LATE = Symbol('late');

/** What one loop waits for. */
interface UnderWay {
  readonly client: number;
  command: string;
  /** In ms of the monotonic clock. */
  sinceMs: number;
}

/** When writes were acknowledged, in ms of the monotonic clock, ascending. */
export type AcknowledgementTimes = readonly number[];

export class Load {
  readonly #ledger: Ledger;
  readonly #clients: Cluster[];
  readonly #options: LoadOptions;
  readonly #acknowledged: number[] = [];
  readonly #errors = new Map<string, number>();
  #running = false;
  #loops: Promise<void>[] = [];
  readonly #underWay = new Set<UnderWay>();
  readonly #revivals: NodeJS.Timeout;
  #unique = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
    this.#clients = Array.from({ length: options.clients }, () => clusterClient(options));
    this.#revivals = setInterval(() => this.#revive(), LOOK_MS);
  }

  start(): void {
    this.#running = true;
    const { clients, loopsPerClient, seed } = this.#options;
    for (let client = 0; client < clients; client++) {
      for (let loop = 0; loop < loopsPerClient; loop++) {
        this.#loops.push(this.#loop(client, new Prng(seed + client * 1009 + loop)));
      }
    }
  }

  /**
   * Resolves when no command is under way; rejects, and says which are, when one has no answer in time. Call it when
   * all members are there. The clients stay connected.
   */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#inTime('the last commands', Promise.all(this.#loops));
    this.#loops = [];
  }

  /** Ends everything, answered or not. */
  abandon(): void {
    this.#running = false;
    clearInterval(this.#revivals);
    for (const client of this.#clients) client.disconnect();
  }

  /** Resolves when a write is acknowledged from now on; rejects when none is in time. */
  async nextWrite(withinMs: number): Promise<void> {
    const sinceMs = performance.now();
    while ((this.#acknowledged.at(-1) ?? 0) < sinceMs) {
      if (performance.now() - sinceMs > withinMs) {
        throw new Error(`no write was acknowledged within ${withinMs} ms`);
      }
      await delay(5);
    }
  }

  get acknowledged(): AcknowledgementTimes {
    return this.#acknowledged;
  }

  /** How often clients saw which error, most frequent first. */
  get errors(): [string, number][] {
    return [...this.#errors].sort((a, b) => b[1] - a[1]);
  }

  /** Reads back everything that was acknowledged, now that all is quiet. */
  verify(): Promise<void> {
    return this.#inTime('reading back', this.#readBack());
  }

  async #readBack(): Promise<void> {
    const [client] = this.#clients;
    for (const [key, floor] of this.#ledger.counters) {
      this.#ledger.read(key, floor, await readPrimary(client, key));
    }
    for (const keys of inSlots([...this.#ledger.unique.keys()])) {
      const values = await client.mget(...keys);
      for (const [at, key] of keys.entries()) this.#ledger.found(key, values[at]);
    }
  }

  /**
   * ioredis 6.0 ends in the status `close` and stays there, its commands without an answer, when the answer to a
   * CLUSTER INFO of an earlier attempt makes it `ready` between two attempts: the next one is refused then, and
   * nobody is left to begin another when the connections go. In health that status lasts for no longer than a tick.
   */
  #revive(): void {
    for (const client of this.#clients) {
      if (client.status === 'close') client.connect().catch(() => {});
    }
  }

  async #inTime(what: string, work: Promise<unknown>): Promise<void> {
    const waiting = new AbortController();
    const late = delay(ANSWERED_WITHIN_MS, LATE, { signal: waiting.signal });
    try {
      if ((await Promise.race([work, late])) === LATE) throw new Error(this.#describeWaiting(what));
    } finally {
      waiting.abort();
    }
  }

  #describeWaiting(what: string): string {
    const nowMs = performance.now();
    const commands = [...this.#underWay].map(
      ({ client, command, sinceMs }) =>
        `  client ${client}: ${command} for ${Math.round(nowMs - sinceMs)} ms`,
    );
    const clients = this.#clients.map((client, at) => `  client ${at}: ${describeClient(client)}`);
    return [`${what}: no answer within ${ANSWERED_WITHIN_MS} ms`, ...commands, ...clients].join(
      '\n',
    );
  }

  async #loop(at: number, random: Prng): Promise<void> {
    const client = this.#clients[at];
    const underWay: UnderWay = { client: at, command: '', sinceMs: 0 };
    this.#underWay.add(underWay);
    while (this.#running) {
      const [command, run] = this.#nextCommand(client, at, random);
      underWay.command = command;
      underWay.sinceMs = performance.now();
      try {
        await run();
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        this.#errors.set(text, (this.#errors.get(text) ?? 0) + 1);
        // a member that says nothing says nothing of its successor either
        if (text === TIMED_OUT) client.refreshSlotsCache();
        await delay(10);
      }
    }
    this.#underWay.delete(underWay);
  }

  /** A command, as people read it, and what sends it and notes its outcome. */
  #nextCommand(client: Cluster, at: number, random: Prng): [string, () => Promise<void>] {
    const dice = random.below(100);
    if (dice < 30) {
      const counter = `counter:${random.below(COUNTERS)}`;
      const key = dice < 20 ? counter : `watched:${random.below(WATCHED)}`;
      return [`INCR ${key}`, () => this.#increment(client, key)];
    }
    if (dice < 55) return ['SET', () => this.#writeUnique(client, at)];
    if (dice < 75) {
      const key = `counter:${random.below(COUNTERS)}`;
      return [`GETEX ${key}`, () => this.#readCounter(client, key)];
    }
    const pair = random.below(PAIRS);
    if (dice < 85) return [`MULTI of pair ${pair}`, () => this.#incrementPair(client, pair)];
    if (dice < 92) return [`MGET of pair ${pair}`, () => this.#readPair(client, pair)];
    return ['one on a churn key', () => this.#churn(client, random)];
  }

  async #increment(client: Cluster, key: string): Promise<void> {
    const floor = this.#ledger.floor(key);
    const value = await client.incr(key);
    this.#noteWrite();
    this.#ledger.incremented(key, floor, value);
  }

  async #readCounter(client: Cluster, key: string): Promise<void> {
    const floor = this.#ledger.floor(key);
    this.#ledger.read(key, floor, await readPrimary(client, key));
  }

  async #writeUnique(client: Cluster, at: number): Promise<void> {
    const number = ++this.#unique;
    const key = `{unique${at}}:${number}`;
    const value = `${number}`.padStart(24, 'v');
    await client.set(key, value);
    this.#noteWrite();
    this.#ledger.wrote(key, value);
  }

  /** Both counters of a pair in one EXEC. */
  async #incrementPair(client: Cluster, pair: number): Promise<void> {
    const keys = [`{pair${pair}}a`, `{pair${pair}}b`];
    const floors = keys.map((key) => this.#ledger.floor(key));
    const results = await client.multi().incr(keys[0]).incr(keys[1]).exec();
    if (results === null) throw new Error('EXEC returned nil');
    for (const [error] of results) if (error !== null) throw error;
    this.#noteWrite();
    for (const [at, key] of keys.entries()) {
      this.#ledger.incremented(key, floors[at], Number(results[at][1]));
    }
  }

  async #readPair(client: Cluster, pair: number): Promise<void> {
    const [first, second] = await client.mget(`{pair${pair}}a`, `{pair${pair}}b`);
    this.#ledger.readPair(`pair ${pair}`, Number(first ?? 0), Number(second ?? 0));
  }

  /** Keys that come, change and go, for the digests: expiry, hashes, deletes. Nothing is noted. */
  async #churn(client: Cluster, random: Prng): Promise<void> {
    const key = `churn:${random.below(50)}`;
    const dice = random.below(4);
    if (dice === 0) await client.set(key, 'gone soon', 'PX', 20 + random.below(500));
    else if (dice === 1) await client.del(key);
    else if (dice === 2) await client.hset(`${key}:hash`, `field${random.below(20)}`, dice);
    else await client.expire(`${key}:hash`, 1);
    if (dice !== 3) this.#noteWrite();
  }

  #noteWrite(): void {
    this.#acknowledged.push(performance.now());
  }
}

/**
 * A counter as the primary has it. ioredis makes its connections to replicas READONLY and, for as long as it knows
 * no primary, may send a GET there, which then is a read of a replica and may be behind; GETEX counts as a write.
 */
async function readPrimary(client: Cluster, key: string): Promise<number> {
  return Number((await client.getex(key)) ?? 0);
}

/** A client that looks for the new primary at once and gives every command a few tries. */
export function clusterClient(
  options: Pick<LoadOptions, 'endpoints' | 'ca' | 'commandTimeoutMs'>,
): Cluster {
  const { commandTimeoutMs = null } = options;
  const client = new Cluster([...options.endpoints], {
    redisOptions: {
      ...(options.ca === null ? {} : { tls: { ca: options.ca } }),
      connectTimeout: 2000,
      ...(commandTimeoutMs === null ? {} : { commandTimeout: commandTimeoutMs }),
    },
    slotsRefreshTimeout: 2000,
    clusterRetryStrategy: () => 20,
    retryDelayOnFailover: 20,
    retryDelayOnClusterDown: 20,
    maxRedirections: 5,
  });
  // a command that fails says so itself
  client.on('error', () => {});
  return client;
}

/** Where a client stands, for a look at what never ended. */
function describeClient(client: Cluster): string {
  const nodes = client.nodes().map(({ options, status }) => `${options.port} ${status}`);
  return `${client.status}, nodes: ${nodes.join(', ') || 'none'}`;
}

/** The keys in groups that MGET accepts: of one hash tag, at most 500. */
function inSlots(keys: readonly string[]): string[][] {
  const byTag = new Map<string, string[]>();
  for (const key of keys) {
    const tag = key.slice(0, key.indexOf('}'));
    const group = byTag.get(tag) ?? [];
    group.push(key);
    byTag.set(tag, group);
  }
  const groups: string[][] = [];
  for (const group of byTag.values()) {
    for (let at = 0; at < group.length; at += 500) groups.push(group.slice(at, at + 500));
  }
  return groups;
}
