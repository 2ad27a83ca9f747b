/**
 * Simulated clients: each sends bursts of commands to the member that it believes to be the primary, notes what was
 * answered, and goes elsewhere on trouble. An operation whose connection ended, or that nobody answered in time, has
 * an unknown outcome.
 *
 * Keys belong to hash tags, and tags live for a while only, so that the history of each is short; one lives on. At
 * the end all of them are read.
 */
import type { Prng } from '#base/prng.ts';
import { type Answer, CommandModel, type CommandOperation, READS } from '../history/commands.ts';
import { checkLinearizable } from '../history/linear.ts';
import { rule } from './checks.ts';
import { movedTo, type Reply, ReplyError, type SimConnection } from './client.ts';
import type { SimShard } from './shard.ts';

/** How long a client waits for an answer. */
export const PATIENCE_MS = 500;
/** A new tag comes so often, and this many are in use at a time. */
const TAG_MS = 300;
const TAGS = 2;
const MOST_STEPS = 300_000;
/** How often a client changes what it has watched and read. */
const WATCH_CHANCE = 0.08;

const KEYS = ['s', 'n', 'l', 'u', 'h'] as const;
type KeyName = (typeof KEYS)[number];
const TRANSACTION_KEYS: readonly (readonly KeyName[])[] = [
  ['s', 'u'],
  ['n', 'l'],
  ['h', 'h'],
];

/** Values that end so are sent longer than what a member notes for an undo: then it must rebuild its keyspace. */
const LONG = '~';
const LONG_LENGTH = 4200;

/** What refuses a command before it ran: it never happened. */
const REFUSED = /^(?:MOVED|CLUSTERDOWN|LOADING|READONLY|OOM|TRYAGAIN|EXECABORT|MASTERDOWN)\b/;

/** One operation as its client sees it. */
interface Pending {
  readonly commands: readonly (readonly string[])[];
  /** The words that were sent for it, and which replies are its answers. */
  readonly sent: readonly (readonly string[])[];
  readonly start: number;
  readonly startMs: number;
}

type Recorded = { -readonly [K in keyof CommandOperation]: CommandOperation[K] };

export class History {
  /** By tag. */
  readonly #operations = new Map<string, Recorded[]>();
  #order = 0;
  /** Operations that changed something and were answered. */
  acknowledged = 0;
  operations = 0;
  unknown = 0;

  /** The next place in the order of all events. */
  next(): number {
    return ++this.#order;
  }

  /** `answers` undefined: the outcome is unknown. */
  record(
    pending: Pending,
    answers: readonly Answer[] | undefined,
    end: number,
    endMs: number,
  ): void {
    const reads = pending.commands.every(([name]) => READS.has(name));
    this.operations++;
    if (answers === undefined) this.unknown++;
    else if (!reads) this.acknowledged++;
    // a read that nobody answered says nothing
    if (answers === undefined && reads) return;
    const tag = tagOf(pending.commands[0][1]);
    let operations = this.#operations.get(tag);
    if (operations === undefined) this.#operations.set(tag, (operations = []));
    const { commands, start, startMs } = pending;
    operations.push({ commands, answers, start, end, startMs, endMs });
  }

  get tags(): readonly string[] {
    return [...this.#operations.keys()];
  }

  /** Throws when no order explains what clients saw. Returns the steps that it took. */
  check(slackMs: number): number {
    const model = new CommandModel(slackMs);
    let steps = 0;
    for (const all of this.#operations.values()) {
      for (const operations of parts(all)) {
        const verdict = checkLinearizable(model, operations, MOST_STEPS);
        steps += verdict.steps;
        rule(verdict.kind === 'linearizable', `linearizable (${verdict.kind})`, () =>
          explain(operations, verdict.kind === 'violated' ? verdict.longest : []),
        );
      }
    }
    return steps;
  }
}

/** The operations by key; keys that some transaction uses together stay together. */
function parts(operations: readonly CommandOperation[]): CommandOperation[][] {
  const parent = new Map<string, string>();
  const root = (key: string): string => {
    let at = key;
    for (let up = parent.get(at); up !== undefined; up = parent.get(at)) at = up;
    return at;
  };
  for (const { commands } of operations) {
    const first = root(commands[0][1]);
    for (const [, key] of commands) if (root(key) !== first) parent.set(root(key), first);
  }
  const found = new Map<string, CommandOperation[]>();
  for (const operation of operations) {
    const key = root(operation.commands[0][1]);
    const part = found.get(key);
    if (part === undefined) found.set(key, [operation]);
    else part.push(operation);
  }
  return [...found.values()];
}

/** The operations around the place where no order could go on. */
function explain(operations: readonly CommandOperation[], longest: readonly number[]): unknown {
  const placed = new Set(longest);
  const show = (op: CommandOperation): string =>
    `${op.startMs.toFixed(2)}..${op.endMs.toFixed(2)} ${op.commands
      .map((words) => words.join(' '))
      .join('; ')} → ${JSON.stringify(op.answers) ?? '?'}`;
  const stuck = operations
    .filter((op, at) => !placed.has(at) && op.end !== Infinity)
    .sort((a, b) => a.end - b.end)
    .slice(0, 4)
    .map(show);
  return { before: longest.slice(-6).map((at) => show(operations[at])), stuck };
}

export interface WorkloadOptions {
  readonly clients: number;
  /** The longest wait between two bursts of a client. */
  readonly thinkMs: number;
  /** Commands in a burst, at most. */
  readonly burst: number;
  /** The chance that a command is a transaction. */
  readonly transactions: number;
}

export class Workload {
  readonly history = new History();
  readonly #shard: SimShard;
  readonly #options: WorkloadOptions;
  readonly #startMs: number;
  running = true;
  /** Nobody sends anything before this time. */
  quietUntilMs = 0;
  #values = 0;

  constructor(shard: SimShard, options: WorkloadOptions) {
    this.#shard = shard;
    this.#options = options;
    this.#startMs = shard.world.nowMs;
    for (let i = 0; i < options.clients; i++) new Client(shard, this).begin();
  }

  get thinkMs(): number {
    return this.#options.thinkMs;
  }

  /** What a client sends next: at most so many operations. */
  burst(most: number): Pending[] {
    const { random } = this.#shard.world;
    const count = 1 + random.below(Math.min(most, this.#options.burst));
    return Array.from({ length: count }, () => {
      const tag = this.#tag();
      const transaction = random.chance(this.#options.transactions);
      const size = transaction ? 1 + random.below(4) : 1;
      // a transaction stays with few keys, so that those of a tag can be checked apart
      const names = transaction ? TRANSACTION_KEYS[random.below(TRANSACTION_KEYS.length)] : KEYS;
      const commands = Array.from({ length: size }, () => this.#command(tag, names));
      return this.#pending(commands, transaction ? [['MULTI'], ...commands, ['EXEC']] : commands);
    });
  }

  /** A value that nobody wrote before. */
  value(): string {
    return `v${++this.#values}`;
  }

  /** Reads a key that is watched. */
  watching(): Pending {
    const { random } = this.#shard.world;
    const key = `{${this.#tag()}}${KEYS[random.below(2)]}`;
    return this.#pending(
      [['GET', key]],
      [
        ['WATCH', key],
        ['GET', key],
      ],
    );
  }

  /** Changes a watched key if it still is what was read. */
  changing(key: string, read: string): Pending {
    const set = ['SET', key, this.value()];
    return this.#pending([['EXPECT', key, read], set], [['MULTI'], set, ['EXEC']]);
  }

  /** Operations that read all keys of a tag. */
  reading(tag: string): Pending[] {
    return KEYS.map((name) => {
      const key = `{${tag}}${name}`;
      const commands = [
        ['EXISTS', key],
        ['GET', key],
        ['LRANGE', key, '0', '-1'],
        ['SMEMBERS', key],
        ['HGET', key, 'f0'],
        ['HGET', key, 'f1'],
      ];
      return this.#pending(commands, [['MULTI'], ...commands, ['EXEC']]);
    });
  }

  #pending(commands: Pending['commands'], sent: Pending['sent']): Pending {
    const startMs = this.#shard.world.nowMs;
    return { commands, sent, start: this.history.next(), startMs };
  }

  #tag(): string {
    const { random, nowMs } = this.#shard.world;
    if (random.chance(0.04)) return 'old';
    return `t${Math.floor((nowMs - this.#startMs) / TAG_MS) + random.below(TAGS)}`;
  }

  #command(tag: string, names: readonly KeyName[]): readonly string[] {
    const { random } = this.#shard.world;
    const name = names[random.below(names.length)];
    const key = `{${tag}}${name}`;
    // now and then a command that does not fit the key
    const type = random.chance(0.06) ? KEYS[random.below(KEYS.length)] : name;
    const dice = random.below(100);
    if (dice < 5) return ['DEL', key];
    if (dice < 10) return ['EXISTS', key];
    if (dice < 13) return ['PEXPIRE', key, String(5 + random.below(200))];
    if (dice < 17) return ['SET', key, this.value(), 'PX', String(5 + random.below(200))];
    if (dice < 27) return ['SETNX', key, this.value()];
    const [one, two] = [dice < 50, dice < 70];
    switch (type) {
      case 's':
        if (one) return ['SET', key, this.value()];
        if (two) return ['APPEND', key, this.value()];
        return dice < 76 ? ['SET', key, this.value(), 'NX'] : ['GET', key];
      case 'n':
        return two ? ['INCR', key] : ['GET', key];
      case 'l':
        if (one) return [random.chance(0.5) ? 'LPUSH' : 'RPUSH', key, this.value()];
        return two ? ['LPOP', key] : ['LRANGE', key, '0', '-1'];
      case 'h': {
        const field = `f${random.below(2)}`;
        if (!one) return [random.chance(0.3) ? 'HDEL' : 'HGET', key, field];
        return ['HSET', key, field, this.value() + (random.chance(0.25) ? LONG : '')];
      }
      default:
        if (one) return ['SADD', key, `m${random.below(6)}`];
        if (!two) return ['SMEMBERS', key];
        return random.chance(0.6) ? ['SPOP', key] : ['SREM', key, `m${random.below(6)}`];
    }
  }
}

class Client {
  readonly #shard: SimShard;
  readonly #workload: Workload;
  #connection: SimConnection | null = null;
  /** The last burst met trouble: the next is small, since its outcome may not be known either. */
  #troubled = false;
  /** Where it was sent to last, '' for anywhere. */
  #hint = '';

  constructor(shard: SimShard, workload: Workload) {
    this.#shard = shard;
    this.#workload = workload;
  }

  begin(): void {
    this.#after(this.#shard.world.between(0, 5));
  }

  #after(delayMs: number): void {
    this.#shard.world.after(delayMs, () => this.#step());
  }

  #step(): void {
    const { world } = this.#shard;
    if (!this.#workload.running) return;
    if (world.nowMs < this.#workload.quietUntilMs) {
      this.#after(this.#workload.quietUntilMs - world.nowMs);
      return;
    }
    const connection = this.#connected();
    if (connection === null) {
      this.#after(10);
      return;
    }
    if (world.random.chance(WATCH_CHANCE)) this.#compareAndSet(connection);
    else this.#converse(connection, this.#workload.burst(this.#troubled ? 1 : Infinity));
  }

  #compareAndSet(connection: SimConnection): void {
    const reading = this.#workload.watching();
    this.#converse(connection, [reading], ([answer]) => {
      const text = answer ?? '';
      if (typeof text !== 'string' || text.startsWith('!')) return false;
      // not from inside of the member that has just answered
      this.#shard.world.after(0, () => {
        const changing = this.#workload.changing(reading.commands[0][1], text);
        this.#converse(connection, [changing]);
      });
      return true;
    });
  }

  /** @param then what to do with the answers when all is well; false: nothing special. */
  #converse(
    connection: SimConnection,
    burst: readonly Pending[],
    then: (answers: readonly Answer[]) => boolean = () => false,
  ): void {
    const { world } = this.#shard;
    converse(this.#shard, connection, burst, this.#workload.history, (outcome) => {
      if (outcome.moved !== '') this.#hint = outcome.moved;
      this.#troubled = outcome.trouble;
      if (outcome.trouble) this.#connection = null;
      else if (then(outcome.answers)) return;
      this.#after(world.between(0, outcome.trouble ? 15 : this.#workload.thinkMs));
    });
  }

  #connected(): SimConnection | null {
    if (this.#connection !== null && !this.#connection.closedByMember) return this.#connection;
    this.#connection = connectTo(this.#shard, this.#hint, this.#shard.world.random);
    if (this.#connection !== null) this.#hint = '';
    return this.#connection;
  }
}

/** Connects to the data member `hint` if it runs, else to any that does; null when none does. */
export function connectTo(shard: SimShard, hint: string, random: Prng): SimConnection | null {
  const places = shard.members.filter(({ member, kind }) => member && kind === 'data');
  if (places.length === 0) return null;
  return shard.connect(places.find(({ id }) => id === hint) ?? places[random.below(places.length)]);
}

export interface Conversation {
  /** The connection is not to be used again. */
  readonly trouble: boolean;
  /** A memberId to go to; '' for none. */
  readonly moved: string;
  /** Of the last operation that was answered. */
  readonly answers: readonly Answer[];
}

/** Sends all of `burst` in one write, records what comes back, and calls `done` once. */
export function converse(
  shard: SimShard,
  connection: SimConnection,
  burst: readonly Pending[],
  history: History,
  done: (outcome: Conversation) => void,
): void {
  const { world } = shard;
  let at = 0;
  let replies: Reply[] = [];
  let trouble = false;
  let moved = '';
  let over = false;
  let last: readonly Answer[] = [];
  const end = (): void => {
    if (over) return;
    over = true;
    for (; at < burst.length; at++) history.record(burst[at], undefined, Infinity, Infinity);
    done({ trouble, moved, answers: last });
  };
  connection.onReply = (reply) => {
    if (over) return;
    replies.push(reply);
    const pending = burst[at];
    if (replies.length < pending.sent.length) return;
    const answers = answersOf(pending, replies);
    replies = [];
    at++;
    if (typeof answers === 'string') {
      trouble = true;
      moved = movedTo(answers) || moved;
    } else if (answers.length > 0) {
      last = answers;
      history.record(pending, answers, history.next(), world.nowMs);
    }
    if (at === burst.length) end();
  };
  connection.onClosed = () => {
    trouble = true;
    end();
  };
  world.after(PATIENCE_MS, () => {
    if (over) return;
    trouble = true;
    end();
    connection.leave();
  });
  connection.commands(burst.flatMap(({ sent }) => sent).map(lengthen));
}

/**
 * The answers of an operation; none when it was a transaction that did not run, and the error by which it was refused
 * when nothing of it ran.
 */
function answersOf(pending: Pending, replies: readonly Reply[]): readonly Answer[] | string {
  const last = replies[replies.length - 1];
  if (last instanceof ReplyError && REFUSED.test(last.line)) return last.line;
  if (pending.sent[pending.sent.length - 1][0] !== 'EXEC') {
    return [answerOf(pending.commands[0], last)];
  }
  if (last === null) return [];
  rule(Array.isArray(last), 'EXEC answers with an array', () => [pending.sent, replies]);
  // what a watched key was expected to be is no command
  const asked = pending.commands.filter(([name]) => name !== 'EXPECT');
  const expected = pending.commands.slice(asked.length).map(() => 'OK');
  return [...expected, ...last.map((reply, i) => answerOf(asked[i], reply))];
}

function answerOf(words: readonly string[], reply: Reply): Answer {
  if (reply instanceof ReplyError) return `!${reply.line.split(' ', 1)[0]}`;
  if (Array.isArray(reply)) {
    if (words[0] === 'SMEMBERS') return reply.map(String).sort();
    return reply.map((item) => answerOf(words, item));
  }
  if (typeof reply !== 'string' || reply.length < LONG_LENGTH) return reply;
  return reply.slice(0, reply.indexOf(LONG) + LONG.length);
}

function lengthen(words: readonly string[]): readonly string[] {
  if (words[0] !== 'HSET') return words;
  return words.map((word) => (word.endsWith(LONG) ? word.padEnd(LONG_LENGTH, LONG) : word));
}

function tagOf(key: string): string {
  return key.slice(1, key.indexOf('}'));
}
