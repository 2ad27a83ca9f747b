/**
 * Taint: what each reply depends on, found without the member's own books of it (hazards, batch numbers, withheld
 * ranges), and whether that is committed when the reply leaves (rules W1 and W2 from outside).
 *
 * A primary's effects are one stream of bytes. Read as it is written, it says which key was changed last at which
 * place of the stream; the entries that Raft is given say at which index each place stands. A reply depends on the
 * places of all keys that its command names, as they are when the command has run.
 */
import type { ByteWriter } from '#base/bytes.ts';
import { ByteReader, latin1 } from '#base/bytes.ts';
import { EFFECT, OPERANDS } from '#node/keyspace/effects.ts';
import type { Member } from '#node/shard/member.ts';
import {
  decodeEffectsHeader,
  EFFECTS_HEADER_BYTES,
  KIND_EFFECTS,
  LAST_PART,
} from '#node/shard/payload.ts';
import { type Checks, rule } from './checks.ts';
import type { SimConnection } from './client.ts';
import type { SimMember } from './member.ts';

/** A reply that needs nothing: its command was refused before the keyspace was read. */
const NOTHING = -1;

/** Commands that name no key and read or change all of them. */
const WHOLE = new Set(['DBSIZE', 'FLUSHALL', 'KEYS', 'SCAN', 'RANDOMKEY', 'FLUSHDB']);
const ENDS_WATCH = new Set(['EXEC', 'DISCARD', 'UNWATCH']);
/** Commands that name many keys and nothing else. */
const MANY = new Set(['DEL', 'UNLINK', 'EXISTS', 'MGET', 'TOUCH', 'WATCH']);

/** What the effects of one term of one primary say. */
class Stream {
  /** Bytes of it that are in batches. */
  closed = 0;
  /** Bytes of the open batch that were read. */
  read = 0;
  /** The place of the last change, by key. */
  readonly changed = new Map<string, number>();
  /** The place of the last change of all keys. */
  changedAll = 0;
  /** The place of the last change of any key. */
  newest = 0;
  /** Whole units end at these places, in these entries; ascending. */
  readonly entries: { readonly end: number; readonly index: number; readonly term: number }[] = [];
  /** Bytes that Raft was given. */
  proposed = 0;

  /** Reads what was recorded since the last call. */
  follow(effects: ByteWriter): void {
    const reader = new ByteReader(effects.bytes, this.read, effects.length);
    while (reader.left > 0) {
      const op = reader.uint8();
      if (op === EFFECT.flushAll) {
        this.#note(null, reader.at);
        continue;
      }
      const key = readBytes(reader, effects.bytes);
      const operands = OPERANDS[op] ?? [];
      const second = op === EFFECT.rename || op === EFFECT.copy;
      for (const operand of operands) {
        if (operand === 'bytes') {
          const bytes = readBytes(reader, effects.bytes);
          if (second) this.#note(bytes, reader.at);
        } else if (operand === 'integer') readInteger(reader);
        else if (operand === 'uint8') reader.uint8();
        else if (operand === 'float64') reader.float64();
        else if ((reader.uint8() & 1) === 1) reader.float64();
      }
      this.#note(key, reader.at);
    }
    this.read = effects.length;
  }

  #note(key: string | null, at: number): void {
    this.newest = this.closed + at;
    if (key === null) this.changedAll = this.newest;
    else this.changed.set(key, this.newest);
  }

  /** What a command on `keys` (null: on all) depends on. */
  of(keys: readonly string[] | null): number {
    if (keys === null) return this.newest;
    let place = this.changedAll;
    for (const key of keys) place = Math.max(place, this.changed.get(key) ?? 0);
    return place;
  }
}

export class Taint {
  readonly #checks: Checks;
  /** Of the primary's present term. */
  readonly #streams = new Map<SimMember, Stream>();
  /** A command has begun to run on the keyspace, and its reply is not finished. */
  #running = false;
  /** Replies that were checked and depended on something. */
  checked = 0;

  constructor(checks: Checks) {
    this.#checks = checks;
  }

  /** Watches the parts of a member that effects and units go through. */
  watch(place: SimMember, member: Member): void {
    const { batches, raft, host } = member;
    const close = batches.close.bind(batches);
    batches.close = (proposer, effects, shardTimeMs, nowMs) => {
      const stream = this.#streams.get(place);
      stream?.follow(effects);
      const { length } = effects;
      const closed = close(proposer, effects, shardTimeMs, nowMs);
      if (closed && stream !== undefined) {
        stream.closed += length;
        stream.read = 0;
      }
      return closed;
    };
    const propose = raft.propose.bind(raft);
    raft.propose = (kind, payload, nowMs) => {
      const index = propose(kind, payload, nowMs);
      const stream = this.#streams.get(place);
      if (index === 0 || kind !== KIND_EFFECTS || stream === undefined) return index;
      stream.proposed += payload.length - EFFECTS_HEADER_BYTES;
      const { flags } = decodeEffectsHeader(payload);
      if ((flags & LAST_PART) !== 0) {
        stream.entries.push({ end: stream.proposed, index, term: raft.term });
      }
      return index;
    };
    const beginUnit = host.beginUnit.bind(host);
    host.beginUnit = (slot) => {
      this.#running = true;
      beginUnit(slot);
    };
  }

  /** The member begins to serve. */
  serves(place: SimMember): void {
    this.#streams.set(place, new Stream());
  }

  /** Watches what a connection's replies depend on and when they leave. */
  connected(place: SimMember, member: Member, connection: SimConnection, readOnly: boolean): void {
    const session = member.host.sessions.get(connection.id);
    if (session === undefined) return;
    const { output } = session;
    /** Of the replies that are finished and have not left. */
    const places: number[] = [];
    const streams: (Stream | undefined)[] = [];
    /** The newest place of the stream when each command had run. */
    const ranAt: number[] = [];
    let finished = 0;
    const finish = output.finish.bind(output);
    output.finish = (from, index) => {
      const outcome = outcomeOf(output.writer.bytes, from);
      finish(from, index);
      let at = NOTHING;
      const stream = this.#streams.get(place);
      if (this.#running && stream !== undefined && member.state === 'primary') {
        stream.follow(member.keyspace.effects);
        at =
          outcome === 'null' && connection.sent[finished][0] === 'EXEC'
            ? aborted(stream, connection.sent, ranAt)
            : stream.of(keysOf(connection.sent, finished, outcome));
      }
      ranAt.push(stream?.newest ?? 0);
      this.#running = false;
      finished++;
      places.push(at);
      streams.push(stream);
    };
    connection.onLeaving = (ordinal) => {
      const at = places.shift() ?? NOTHING;
      const stream = streams.shift();
      if (at === NOTHING || readOnly) return;
      this.#checks.answering(place, member);
      if (at === 0 || stream === undefined) return;
      this.checked++;
      const entry = stream.entries.find(({ end }) => end >= at);
      const { raft } = member;
      const committed =
        entry !== undefined &&
        entry.index <= raft.commitIndex &&
        this.#checks.isCommitted(entry.index, entry.term);
      rule(committed, 'W1, W2 what a reply depends on is committed when it leaves', () => [
        place.name,
        connection.sent.slice(Math.max(0, ordinal - 5), ordinal + 1),
        entry,
        raft.commitIndex,
      ]);
    };
  }
}

/** What the reply that starts here says, as far as it matters: an error, a null array, or anything else. */
function outcomeOf(bytes: Uint8Array, from: number): 'error' | 'null' | 'other' {
  const type = String.fromCharCode(bytes[from]);
  if (type === '-') return 'error';
  return type === '*' && bytes[from + 1] === MINUS ? 'null' : 'other';
}

const MINUS = 0x2d;

/**
 * What an EXEC depends on that did nothing, the command after those in `ranAt`: one of the keys has changed since it
 * was watched, and who knows which of them the member looked at.
 */
function aborted(
  stream: Stream,
  sent: readonly (readonly string[])[],
  ranAt: readonly number[],
): number {
  let least = Infinity;
  for (let i = ranAt.length - 1; i >= 0 && !ENDS_WATCH.has(sent[i][0]); i--) {
    if (sent[i][0] !== 'WATCH') continue;
    for (const key of sent[i].slice(1)) {
      const place = stream.of([key]);
      if (place > ranAt[i]) least = Math.min(least, place);
    }
  }
  return least === Infinity ? 0 : least;
}

/**
 * The keys that command `at` of a connection depends on; null for all. An EXEC that ran depends on those that are
 * watched and on those of what was queued.
 */
function keysOf(
  sent: readonly (readonly string[])[],
  at: number,
  outcome: 'error' | 'null' | 'other',
): readonly string[] | null {
  const [name] = sent[at];
  if (name !== 'EXEC') return keysOfCommand(sent[at]);
  const keys: string[] = [];
  if (outcome === 'error') return keys;
  let queued = true;
  for (let i = at - 1; i >= 0; i--) {
    const words = sent[i];
    if (ENDS_WATCH.has(words[0])) break;
    if (words[0] === 'MULTI') queued = false;
    else if (queued || words[0] === 'WATCH') {
      const named = keysOfCommand(words);
      if (named === null) return null;
      keys.push(...named);
    }
  }
  return keys;
}

function keysOfCommand(words: readonly string[]): readonly string[] | null {
  if (WHOLE.has(words[0])) return null;
  return MANY.has(words[0]) ? words.slice(1) : words.slice(1, 2);
}

function readInteger(reader: ByteReader): number {
  let value = 0;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = reader.uint8();
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}

function readBytes(reader: ByteReader, bytes: Uint8Array): string {
  const length = readInteger(reader);
  const start = reader.skip(length);
  return latin1(bytes, start, start + length);
}
