/**
 * A sequential model of the commands that the simulator's clients use, over the keys of one hash tag: a transaction
 * is one operation, so the tag is what a history is split by.
 *
 * Time is known only by when an operation was sent and answered, and shard time is off by a little. So a key with an
 * expiry carries the span of times in which it may go; within that span it is there or gone, and then it stays gone.
 */
import type { Model, Operation } from './linear.ts';

/** What a command answers, in the terms of this model. Errors are `!` and their first word. */
export type Answer = string | number | null | readonly Answer[];

export interface CommandOperation extends Operation {
  /** One command, or those of a transaction. */
  readonly commands: readonly (readonly string[])[];
  /** One for each command; undefined when the outcome is unknown. */
  readonly answers: readonly Answer[] | undefined;
  readonly startMs: number;
  /** Infinity when there was no answer. */
  readonly endMs: number;
}

type Content =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'list'; readonly items: readonly string[] }
  /** Sorted. */
  | { readonly type: 'set'; readonly members: readonly string[] }
  | { readonly type: 'hash'; readonly fields: Readonly<Record<string, string>> };

interface Value {
  readonly content: Content;
  /** When it goes: at the earliest, and at the latest; null for never. */
  readonly expires: readonly [number, number] | null;
}

/** Keys and their values; `text` is the same for equal ones. */
export class KeysState {
  readonly text: string;
  readonly #keys: ReadonlyMap<string, Value>;

  constructor(keys: ReadonlyMap<string, Value>) {
    this.#keys = keys;
    let text = '';
    for (const key of [...keys.keys()].sort()) {
      text += `${key}=${JSON.stringify(keys.get(key))};`;
    }
    this.text = text;
  }

  get(key: string): Value | undefined {
    return this.#keys.get(key);
  }

  with(key: string, value: Value | undefined): KeysState {
    const keys = new Map(this.#keys);
    if (value === undefined) keys.delete(key);
    else keys.set(key, value);
    return new KeysState(keys);
  }
}

/** A way that a command can go: what it leaves behind and answers. */
interface Outcome {
  readonly state: KeysState;
  readonly answer: Answer;
}

/** Commands that never change anything. */
export const READS: ReadonlySet<string> = new Set([
  'GET',
  'HGET',
  'EXISTS',
  'LRANGE',
  'SMEMBERS',
  'EXPECT',
]);

const EMPTY = new KeysState(new Map());
const WRONG_TYPE = '!WRONGTYPE';
const OK = 'OK';

export class CommandModel implements Model<KeysState, CommandOperation> {
  readonly initial = EMPTY;
  readonly #slackMs: number;

  /** @param slackMs by how much shard time may differ from the times of operations; Infinity when it is not known. */
  constructor(slackMs: number) {
    this.#slackMs = slackMs;
  }

  step(state: KeysState, op: CommandOperation): readonly KeysState[] {
    let states: readonly KeysState[] = [state];
    op.commands.forEach((words, at) => {
      const expected = op.answers?.[at];
      const next: KeysState[] = [];
      for (const before of states) {
        for (const { state: after, answer } of this.#outcomes(before, words, op, expected)) {
          if (expected === undefined || equal(answer, expected)) next.push(after);
        }
      }
      states = next;
    });
    return states;
  }

  isIdle({ commands, answers }: CommandOperation): boolean {
    return answers !== undefined && commands.every(([name], at) => isIdle(name, answers[at]));
  }

  #outcomes(
    state: KeysState,
    words: readonly string[],
    op: CommandOperation,
    expected: Answer | undefined,
  ): readonly Outcome[] {
    const key = words[1];
    const expires = state.get(key)?.expires ?? null;
    if (expires === null) return this.#run(state, words, op, expected);
    const outcomes: Outcome[] = [];
    if (op.startMs < expires[1]) outcomes.push(...this.#run(state, words, op, expected));
    if (op.endMs >= expires[0]) {
      outcomes.push(...this.#run(state.with(key, undefined), words, op, expected));
    }
    return outcomes;
  }

  #run(
    state: KeysState,
    words: readonly string[],
    op: CommandOperation,
    expected: Answer | undefined,
  ): readonly Outcome[] {
    const [name, key] = words;
    const value = state.get(key);
    switch (name) {
      case 'EXISTS':
        return one(state, value === undefined ? 0 : 1);
      case 'DEL':
        return one(state.with(key, undefined), value === undefined ? 0 : 1);
      case 'PEXPIRE':
        if (value === undefined) return one(state, 0);
        return one(state.with(key, { ...value, expires: this.#at(Number(words[2]), op) }), 1);
      case 'SET':
        return this.#set(state, words, op);
      case 'SETNX':
        return value === undefined ? one(put(state, key, words[2], null), 1) : one(state, 0);
      case 'GET':
      case 'INCR':
      case 'APPEND':
      case 'EXPECT':
        return onString(state, words, value);
      case 'RPUSH':
      case 'LPUSH':
      case 'LPOP':
      case 'LRANGE':
        return onList(state, words, value);
      case 'HSET':
      case 'HGET':
      case 'HDEL':
        return onHash(state, words, value);
      default:
        return onSet(state, words, value, expected);
    }
  }

  /** `SET key value [NX] [PX milliseconds]` */
  #set(state: KeysState, words: readonly string[], op: CommandOperation): readonly Outcome[] {
    const [, key, text, option, ms] = words;
    if (option === 'NX') {
      return state.get(key) === undefined ? one(put(state, key, text, null), OK) : one(state, null);
    }
    const expires = option === 'PX' ? this.#at(Number(ms), op) : null;
    return one(put(state, key, text, expires), OK);
  }

  /** When something goes that is given so long by `op`. */
  #at(ttlMs: number, op: CommandOperation): readonly [number, number] {
    return [op.startMs + ttlMs - this.#slackMs, op.endMs + ttlMs + this.#slackMs];
  }
}

/** True when a command that answered so cannot have changed anything. */
function isIdle(name: string, answer: Answer): boolean {
  if (READS.has(name)) return true;
  if (typeof answer === 'string') return answer.startsWith('!');
  return answer === null || (answer === 0 && name !== 'INCR' && name !== 'HSET');
}

function onString(
  state: KeysState,
  words: readonly string[],
  value: Value | undefined,
): readonly Outcome[] {
  const [name, key, argument] = words;
  const content = value?.content;
  // what a transaction with WATCH has read before: it runs only if that still holds
  if (name === 'EXPECT') {
    const now = content?.type === 'string' ? content.value : '';
    return now === argument ? one(state, OK) : [];
  }
  if (content !== undefined && content.type !== 'string') return one(state, WRONG_TYPE);
  const old = content?.value;
  const expires = value?.expires ?? null;
  switch (name) {
    case 'INCR': {
      if (old !== undefined && !/^-?\d{1,15}$/.test(old)) return one(state, '!ERR');
      const sum = Number(old ?? 0) + 1;
      return one(put(state, key, String(sum), expires), sum);
    }
    case 'APPEND': {
      const text = (old ?? '') + argument;
      return one(put(state, key, text, expires), text.length);
    }
    default:
      return one(state, old ?? null);
  }
}

function onList(
  state: KeysState,
  words: readonly string[],
  value: Value | undefined,
): readonly Outcome[] {
  const [name, key, item] = words;
  const content = value?.content;
  if (content !== undefined && content.type !== 'list') return one(state, WRONG_TYPE);
  const items = content?.items ?? [];
  const expires = value?.expires ?? null;
  switch (name) {
    case 'LPUSH':
    case 'RPUSH': {
      const longer = name === 'LPUSH' ? [item, ...items] : [...items, item];
      const next = { content: { type: 'list' as const, items: longer }, expires };
      return one(state.with(key, next), longer.length);
    }
    case 'LPOP': {
      if (items.length === 0) return one(state, null);
      const rest = items.slice(1);
      const next = { content: { type: 'list' as const, items: rest }, expires };
      return one(state.with(key, rest.length === 0 ? undefined : next), items[0]);
    }
    default:
      return one(state, items);
  }
}

function onHash(
  state: KeysState,
  words: readonly string[],
  value: Value | undefined,
): readonly Outcome[] {
  const [name, key, field, text] = words;
  const content = value?.content;
  if (content !== undefined && content.type !== 'hash') return one(state, WRONG_TYPE);
  const fields = content?.fields ?? {};
  const expires = value?.expires ?? null;
  const old = fields[field];
  if (name === 'HGET') return one(state, old ?? null);
  if (name === 'HDEL' && old === undefined) return one(state, 0);
  const pairs = Object.entries(fields).filter(([other]) => other !== field);
  if (name === 'HSET') pairs.push([field, text]);
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  const next = { content: { type: 'hash' as const, fields: Object.fromEntries(pairs) }, expires };
  const answer = name === 'HDEL' || old === undefined ? 1 : 0;
  return one(state.with(key, pairs.length === 0 ? undefined : next), answer);
}

function onSet(
  state: KeysState,
  words: readonly string[],
  value: Value | undefined,
  expected: Answer | undefined,
): readonly Outcome[] {
  const [name, key, member] = words;
  const content = value?.content;
  if (content !== undefined && content.type !== 'set') return one(state, WRONG_TYPE);
  const members = content?.members ?? [];
  const expires = value?.expires ?? null;
  const without = (gone: string): KeysState => {
    const rest = members.filter((other) => other !== gone);
    const next = { content: { type: 'set' as const, members: rest }, expires };
    return state.with(key, rest.length === 0 ? undefined : next);
  };
  switch (name) {
    case 'SADD': {
      if (members.includes(member)) return one(state, 0);
      const next = { type: 'set' as const, members: [...members, member].sort() };
      return one(state.with(key, { content: next, expires }), 1);
    }
    case 'SREM':
      return members.includes(member) ? one(without(member), 1) : one(state, 0);
    case 'SPOP': {
      if (members.length === 0) return one(state, null);
      const popped = typeof expected === 'string' ? [expected] : members;
      return popped
        .filter((gone) => members.includes(gone))
        .map((gone) => ({ state: without(gone), answer: gone }));
    }
    case 'SMEMBERS':
      return one(state, members);
    default:
      throw new Error(`the model has no ${name}`);
  }
}

function put(
  state: KeysState,
  key: string,
  value: string,
  expires: readonly [number, number] | null,
): KeysState {
  return state.with(key, { content: { type: 'string', value }, expires });
}

function one(state: KeysState, answer: Answer): readonly Outcome[] {
  return [{ state, answer }];
}

function equal(a: Answer, b: Answer): boolean {
  if (typeof a !== 'object' || a === null) return a === b;
  if (typeof b !== 'object' || b === null || a.length !== b.length) return false;
  return a.every((item, at) => equal(item, b[at]));
}
