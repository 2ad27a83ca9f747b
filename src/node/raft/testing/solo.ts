/** Test support: one member, talked to by hand. Its peers are whatever messages a test makes up. */
import { Prng } from '#base/prng.ts';
import type { Entry } from '#node/raft/entry.ts';
import type { Membership } from '#node/raft/membership.ts';
import type { Message } from '#node/raft/message.ts';
import { NO_PULSE, type RaftOptions } from '#node/raft/options.ts';
import { Raft } from '#node/raft/raft.ts';
import type { SnapshotMeta, SnapshotOffer } from '#node/raft/snapshot.ts';
import { kept } from './checker.ts';
import { SimulatedDisk } from './simulated-disk.ts';

/** The shortest election timeout of a {@link Solo}; heartbeats go out every 10 ms. */
export const TIMEOUT_MS = 100;

type Kind = Message['type'];
type Of<K extends Kind> = Extract<Message, { type: K }>;
/** What a test says of a message; its disk has room for FREE_BYTES where nothing is said. */
type Said<K extends Kind> = Omit<Of<K>, 'type' | 'from' | 'to' | 'term' | 'freeBytes'> & {
  term?: number;
  freeBytes?: number;
};

export const FREE_BYTES = 1 << 30;

/** How a {@link Solo} starts. */
interface SoloSetup {
  /** Terms of the entries that are on its disk. */
  readonly log?: readonly number[];
  /** A snapshot file that is on its disk. */
  readonly snapshot?: SnapshotMeta;
  /** Its term, if not that of its last entry. */
  readonly term?: number;
  readonly learners?: string;
  readonly options?: Partial<RaftOptions>;
}

export class Solo {
  readonly disk = new SimulatedDisk();
  readonly membership: Membership;
  readonly committed: Entry[] = [];
  readonly fetches: SnapshotOffer[] = [];
  nowMs = 1000;
  raft: Raft;
  readonly #options: Partial<RaftOptions>;
  #sent: Message[] = [];
  #unsynced = 0;

  /** A group of one-letter members, of which this one is 'a'. */
  constructor(voters = 'abc', setup: SoloSetup = {}) {
    const { log = [], term = 0, learners = '', snapshot, options = {} } = setup;
    if (snapshot !== undefined) this.disk.publish(snapshot);
    this.membership = { voters: Array.from(voters), learners: Array.from(learners) };
    this.#options = options;
    this.disk.hardState = { term: Math.max(term, log.at(-1) ?? 0), vote: '', commit: 0 };
    log.forEach((entryTerm, at) => this.disk.entries.push(entry(at + 1, entryTerm)));
    this.raft = this.#start();
  }

  /** Crashes and comes back with what was synced. */
  restart(): void {
    this.#unsynced = 0;
    this.disk.crash(null);
    this.raft = this.#start();
    this.#act();
  }

  /** Lets time pass, with a tick every 5 ms. */
  pass(durationMs: number): void {
    for (const endMs = this.nowMs + durationMs; this.nowMs < endMs; ) {
      this.nowMs = Math.min(endMs, this.nowMs + 5);
      this.raft.tick(this.nowMs);
      this.#act();
    }
  }

  /** A message from `from`, by default of the present term. */
  hear<K extends Kind>(type: K, from: string, fields: Said<K>): void {
    const reply = type === 'append-reply' || type === 'heartbeat-reply';
    const free = reply ? { freeBytes: FREE_BYTES } : {};
    const message = { term: this.raft.term, ...free, ...fields, type, from, to: 'a' };
    this.raft.step(message as unknown as Message, this.nowMs);
    this.#act();
  }

  propose(size = 1): number {
    const index = this.raft.propose(2, new Uint8Array(size), this.nowMs);
    this.#act();
    return index;
  }

  /** The disk finishes everything. */
  sync(): void {
    while (this.#unsynced > 0) this.syncOne();
  }

  /** The disk finishes the oldest unit. */
  syncOne(): void {
    this.#unsynced--;
    this.raft.persisted(this.disk.sync(), this.nowMs);
    this.#act();
  }

  /** What was sent of one type since the last call; everything else sent is forgotten. */
  take<K extends Kind>(type: K): Of<K>[] {
    const taken = this.#sent.filter((message): message is Of<K> => message.type === type);
    this.#sent = [];
    return taken;
  }

  /** Acts on what the member wants done; needed only after calls that bypass this class. */
  act(): void {
    this.#act();
  }

  /** Becomes leader, of term + 1, with votes of everyone; its no-op is synced. */
  lead(): void {
    this.pass(2 * TIMEOUT_MS + 10);
    this.sync();
    const others = this.membership.voters.filter((voter) => voter !== 'a');
    for (const from of others) {
      this.hear('pre-vote-reply', from, { term: this.raft.term + 1, granted: true });
      this.sync();
    }
    for (const from of others) this.hear('vote-reply', from, { granted: true });
    this.sync();
  }

  /** Takes a snapshot of entry `index` and drops the log up to `dropped`. */
  snapshot(index: number, dropped = index): SnapshotMeta {
    const meta = metaOf(index, this.raft.termAt(index), this.raft.membershipAt(index));
    this.disk.publish(meta);
    this.raft.snapshotTaken(meta);
    this.raft.compact(dropped);
    this.disk.drop(this.raft.firstIndex - 1);
    return meta;
  }

  /** A file that was fetched is durable. */
  install(meta: SnapshotMeta): boolean {
    if (meta.index > (this.disk.newest?.index ?? 0)) this.disk.publish(meta);
    const installed = this.raft.install(meta, this.nowMs);
    this.#act();
    return installed;
  }

  /** `from` acknowledges everything, as of an append sent at `sentMs`. */
  ack(from: string, index = this.raft.lastIndex, sentMs = this.nowMs): void {
    this.hear('append-reply', from, { sentMs, accepted: true, index, hintIndex: 0, hintTerm: 0 });
  }

  #start(): Raft {
    const options: RaftOptions = {
      id: 'a',
      random: new Prng(7),
      electionTimeoutMs: TIMEOUT_MS,
      heartbeatMs: 10,
      leaseFraction: 0.8,
      standDelayMs: 0,
      maxAppendBytes: 1000,
      maxInFlightBytes: 3000,
      maxCachedBytes: 10_000,
      reader: this.disk,
      freeBytes: () => FREE_BYTES,
      votePort: NO_PULSE,
      ...this.#options,
    };
    return new Raft(options, this.disk.recover(this.membership), this.nowMs);
  }

  #act(): void {
    for (let ready = this.raft.takeReady(); ready !== null; ready = this.raft.takeReady()) {
      if (ready.persist !== null) {
        this.disk.write(ready.persist);
        this.#unsynced++;
      }
      this.#sent.push(...ready.messages);
      this.committed.push(...ready.committed.map(kept));
      this.raft.applied(this.committed.at(-1)?.index ?? 0);
      if (ready.fetch !== null) this.fetches.push(ready.fetch);
    }
  }
}

/** A snapshot of a group of voters a, b and c, if nothing else is said. */
export function metaOf(
  index: number,
  term: number,
  config: Pick<SnapshotMeta, 'configIndex' | 'membership'> = {
    configIndex: 0,
    membership: { voters: ['a', 'b', 'c'], learners: [] },
  },
): SnapshotMeta {
  return { index, term, ...config, sizeBytes: 100 };
}

/** An application entry. */
export function entry(index: number, term: number): Entry {
  return { index, term, kind: 2, payload: new Uint8Array([index & 255]) };
}
