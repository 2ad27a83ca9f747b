/**
 * The snapshot files of one member: made from its own keyspace at the shard's checkpoints, or fetched from another
 * member; and what may be dropped because of them (docs/ARCHITECTURE.md, "Snapshots").
 *
 *   checkpoint entry → walk in slices → written, unnamed → digest entry committed and equal → named, durable
 *   log members:                                           digest entry committed → fetched, checked, named
 *
 * Invariants:
 * - a file gets its name only when the entry that it covers is committed, and on this member's disk, and its
 *   content is what the shard's leader found there;
 * - the log is dropped only up to the older of two durable files of this member's own; what another member
 *   reads from a file keeps it, and the log after it;
 * - a walk ends with the state that it is of: at a step-down, and when the keyspace is read anew.
 */
import { ByteWriter } from '#base/bytes.ts';
import type { Clock } from '#base/clock.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import type { SnapshotMeta } from '#node/raft/snapshot.ts';
import { FORMAT_VERSION, type SnapshotHead } from '#node/snapshot/format.ts';
import { SnapshotWriter } from '#node/snapshot/writer.ts';
import type { CheckpointDigest } from './payload.ts';
import { type Peers, PEER_FRAME_SNAPSHOT } from './ports.ts';
import type { SnapshotFile, SnapshotFiles, SnapshotSink } from './ports.ts';
import { type Fetched, SnapshotFetch } from './snapshot-fetch.ts';
import { decodeSnapshotFrame, encodeSnapshotFrame, type SnapshotFrame } from './snapshot-frames.ts';

/** A walk goes on for so long in one tick, and at most over so many records. */
const WALK_SLICE_MS = 2;
const WALK_RECORDS = 256;
const WALK_RECORDS_IN_TICK = 20_000;
/** Bytes made and not on disk yet, above which the walk waits. */
const MAX_PENDING_BYTES = 4 << 20;
/** How long a file is kept after another member last read from it. */
const READ_LATELY_MS = 10_000;
/** A fetch that got nothing for so long gives way to that of another file. */
const FETCH_STUCK_MS = 5000;
/** How long a log member waits for others to give a file its name, and before it tries again when none had it. */
const FETCH_PAUSE_MS = 500;
const KEPT_FILES = 2;

/** What a snapshot needs to know of the state that it is of. */
export type CheckpointHead = Omit<SnapshotHead, 'clusterId' | 'shard' | 'formatVersion'>;

export interface SnapshotsOptions {
  readonly clusterId: string;
  readonly shard: string;
  /** Null on a log member: it fetches its files. */
  readonly keyspace: Keyspace | null;
  readonly clock: Clock;
  readonly files: SnapshotFiles;
  readonly peers: Peers;
  /** Entries up to here are on this member's disk, and so is the term in which they are known to be committed. */
  readonly settledIndex: () => number;
}

export interface SnapshotsEvents {
  /** Members that hold files, the likeliest first. */
  sources(): readonly string[];
  /** A new file is durable, the newest of this member's. */
  taken(meta: SnapshotMeta): void;
  /** What a leader offered is here: the log may begin anew after it. */
  fetched(meta: SnapshotMeta): void;
  /** Up to here the log is needed neither by Raft, which has a newer file, nor to bring the keyspace up to date. */
  droppable(): number;
  /** Entries up to `index` are to be dropped. */
  compact(index: number): void;
  started(index: number): void;
  published(file: SnapshotFile, tookMs: number): void;
  discarded(index: number, reason: string): void;
  /** A file of this member cannot be read any more, and is gone. */
  damaged(): void;
  /** What this member holds, or was sent, is not what the primary had at the same entry. */
  differs(index: number): void;
}

/** A snapshot of the own keyspace in the making. */
interface Making {
  readonly head: CheckpointHead;
  readonly writer: SnapshotWriter;
  readonly sink: SnapshotSink;
  readonly startedMs: number;
  readonly sizeBytes: () => number;
  state: 'walking' | 'walked' | 'publishing';
}

export class Snapshots {
  readonly #options: SnapshotsOptions;
  readonly #events: SnapshotsEvents;
  readonly #frame = new ByteWriter();
  #making: Making | null = null;
  /** The newest digest that was committed. */
  #digest: CheckpointDigest = { index: 0, digest: '' };
  #fetch: SnapshotFetch | null = null;
  /** When a log member may ask for the file of the digest. */
  #fetchAtMs = -Infinity;
  /** By memberId: what it is fetching from here, and when it last asked. */
  readonly #readers = new Map<string, { readonly index: number; readonly askedMs: number }>();
  /** Wall-clock time of the newest file made here since start, in seconds since the epoch; 0 for none. */
  lastMadeSeconds = 0;
  lastTookMs = 0;
  /** Files, of its own or fetched, that were not what the primary had. */
  mismatches = 0;

  constructor(options: SnapshotsOptions, events: SnapshotsEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** A walk is under way, or has ended and waits for its digest. */
  get making(): boolean {
    return this.#making !== null;
  }

  get newest(): SnapshotFile | null {
    return this.#options.files.files.at(-1) ?? null;
  }

  /** The digest of a walk that is over, to be logged by who leads; null when there is none that is not known. */
  get unconfirmed(): CheckpointDigest | null {
    const making = this.#making;
    if (making?.state !== 'walked') return null;
    return { index: making.head.index, digest: making.writer.digest };
  }

  /** The keyspace is what it is after the checkpoint entry `head.index`: a snapshot of it begins. */
  begin(head: CheckpointHead): void {
    const { keyspace, files, clock, clusterId, shard } = this.#options;
    if (keyspace === null || this.#making?.head.index === head.index) return;
    // one that is walking goes on; one that nobody confirmed gives way
    if (this.#making !== null && this.#making.state !== 'walked') return;
    this.#abandonMaking('a later checkpoint');
    const sink = files.create(head.index, head.term);
    let sizeBytes = 0;
    const whole = { ...head, clusterId, shard, formatVersion: FORMAT_VERSION };
    const writer = new SnapshotWriter(whole, (bytes) => {
      sink.write(bytes);
      sizeBytes += bytes.length;
    });
    const making: Making = {
      head,
      writer,
      sink,
      startedMs: clock.monotonicMs(),
      sizeBytes: () => sizeBytes,
      state: 'walking',
    };
    this.#making = making;
    writer.begin(keyspace);
    this.#events.started(head.index);
  }

  /** A digest entry is committed. */
  confirmed(digest: CheckpointDigest): void {
    if (digest.index < this.#digest.index) return;
    // of those that it lacks the first is waited for: others must not come so often that it never asks
    if (!this.#lacksFile) this.#fetchAtMs = this.#options.clock.monotonicMs() + FETCH_PAUSE_MS;
    this.#digest = digest;
  }

  /** A leader offers this file, because its log does not reach back to where this member's ends. */
  want(meta: SnapshotMeta, from: string, nowMs: number): void {
    const own = this.#options.files.files.find(({ index }) => index === meta.index);
    if (own !== undefined && own.term === meta.term) {
      this.#events.fetched({ ...meta, sizeBytes: own.sizeBytes });
      return;
    }
    this.#startFetch(meta.index, from, nowMs);
  }

  tick(nowMs: number): void {
    if (this.#making?.state === 'walking') this.#walk(this.#making);
    if (this.#options.settledIndex() >= this.#digest.index) this.#useDigest(nowMs);
    this.#fetch?.tick(nowMs);
    if (this.#readers.size > 0) this.#forgetReaders(nowMs);
  }

  /** A frame from another member arrived. */
  receive(from: string, bytes: Uint8Array, nowMs: number): void {
    const frame = decodeSnapshotFrame(bytes);
    if (frame.type === 'request') this.#answer(from, frame, nowMs);
    else this.#fetch?.receive(from, frame, nowMs);
  }

  /** What was executed may not be what the log holds: the snapshot in the making is given up. */
  abandon(reason: string): void {
    if (this.#making !== null && this.#making.state !== 'publishing') this.#abandonMaking(reason);
  }

  #walk(making: Making): void {
    const { clock } = this.#options;
    if (making.writer.abandoned) {
      this.#abandonMaking('what was walked was taken back');
      return;
    }
    const endMs = clock.monotonicMs() + WALK_SLICE_MS;
    let records = 0;
    while (records < WALK_RECORDS_IN_TICK && making.sink.pendingBytes <= MAX_PENDING_BYTES) {
      if (making.writer.step(WALK_RECORDS)) {
        making.state = 'walked';
        return;
      }
      records += WALK_RECORDS;
      if (clock.monotonicMs() >= endMs) return;
    }
  }

  /** There is a newer file than this member's newest. */
  get #lacksFile(): boolean {
    return this.#digest.index > (this.newest?.index ?? 0);
  }

  /** What the primary found at a checkpoint that is on this disk is known. */
  #useDigest(nowMs: number): void {
    this.#publishIfConfirmed();
    if (this.#options.keyspace !== null || !this.#lacksFile) return;
    if (this.#fetch !== null || nowMs < this.#fetchAtMs) return;
    this.#startFetch(this.#digest.index, null, nowMs);
  }

  #publishIfConfirmed(): void {
    const making = this.#making;
    if (making?.state !== 'walked' || this.#digest.index !== making.head.index) return;
    if (making.writer.digest !== this.#digest.digest) {
      this.mismatches++;
      this.#events.differs(making.head.index);
      this.#abandonMaking('it differs');
      return;
    }
    making.state = 'publishing';
    making.sink.publish((error) => {
      this.#making = null;
      if (error === null) this.#made(making);
      else this.#events.discarded(making.head.index, error.message);
    });
  }

  #made(making: Making): void {
    const { clock } = this.#options;
    this.lastTookMs = clock.monotonicMs() - making.startedMs;
    this.lastMadeSeconds = Math.floor(clock.wallMs() / 1000);
    this.#published(making.head, making.sizeBytes(), this.lastTookMs, false);
  }

  #abandonMaking(reason: string): void {
    const making = this.#making;
    if (making === null) return;
    this.#making = null;
    making.writer.abandon();
    making.sink.abandon();
    this.#events.discarded(making.head.index, reason);
  }

  #startFetch(index: number, from: string | null, nowMs: number): void {
    const { files, peers } = this.#options;
    if (index <= (this.newest?.index ?? 0)) return;
    const running = this.#fetch;
    const paced = from === null;
    if (running !== null) {
      if (running.index === index) running.paced &&= paced;
      if (running.index === index || nowMs - running.progressMs < FETCH_STUCK_MS) return;
      running.abandon();
    }
    const sources = (): readonly string[] => {
      const known = this.#events.sources();
      return from === null ? known : [from, ...known.filter((id) => id !== from)];
    };
    const ports = { files, peers };
    const fetch = new SnapshotFetch(index, sources, ports, paced, nowMs, (fetched, reason) => {
      this.#fetch = null;
      if (fetched === null) {
        this.#fetchAtMs = this.#options.clock.monotonicMs() + FETCH_PAUSE_MS;
        this.#events.discarded(index, reason);
      } else this.#fetched(fetched, !paced, nowMs);
    });
    this.#fetch = fetch;
    fetch.tick(nowMs);
  }

  #fetched({ head, sizeBytes, digest }: Fetched, offered: boolean, startedMs: number): void {
    if (this.#digest.index === head.index && this.#digest.digest !== digest) {
      this.#options.files.remove(head.index);
      this.mismatches++;
      this.#events.differs(head.index);
      return;
    }
    const tookMs = this.#options.clock.monotonicMs() - startedMs;
    this.#published(head, sizeBytes, tookMs, offered);
  }

  #published(head: CheckpointHead, sizeBytes: number, tookMs: number, offered: boolean): void {
    const { index, term, configIndex, membership } = head;
    const meta = { index, term, configIndex, membership, sizeBytes };
    this.#events.published({ index, term, sizeBytes }, tookMs);
    if (offered) this.#events.fetched(meta);
    else this.#events.taken(meta);
    this.#retain();
  }

  /** Drops what the two newest files make needless. */
  #retain(): void {
    const { files } = this.#options;
    const all = files.files;
    if (all.length < KEPT_FILES) return;
    let kept = Math.min(all[all.length - KEPT_FILES].index, this.#events.droppable());
    for (const { index } of this.#readers.values()) kept = Math.min(kept, index);
    for (const { index } of all) if (index < kept) files.remove(index);
    this.#events.compact(kept);
  }

  #forgetReaders(nowMs: number): void {
    for (const [memberId, { askedMs }] of this.#readers) {
      if (nowMs - askedMs <= READ_LATELY_MS) continue;
      this.#readers.delete(memberId);
      this.#retain();
    }
  }

  #answer(
    from: string,
    { index, offset, maxBytes }: Extract<SnapshotFrame, { type: 'request' }>,
    nowMs: number,
  ): void {
    const { files, peers } = this.#options;
    const file = files.files.find((candidate) => candidate.index === index);
    const bytes = file === undefined ? null : this.#read(file, offset, maxBytes);
    const frame = this.#frame;
    frame.clear();
    if (file === undefined || bytes === null) {
      encodeSnapshotFrame({ type: 'absent', index }, frame);
    } else {
      this.#readers.set(from, { index, askedMs: nowMs });
      const { term, sizeBytes } = file;
      encodeSnapshotFrame({ type: 'piece', index, offset, term, sizeBytes, bytes }, frame);
      if (offset + bytes.length >= sizeBytes && this.#readers.delete(from)) this.#retain();
    }
    peers.send(from, PEER_FRAME_SNAPSHOT, frame.written);
  }

  /** Null when there is nothing, or nothing right, at `offset`. */
  #read({ index, sizeBytes }: SnapshotFile, offset: number, maxBytes: number): Uint8Array | null {
    if (offset >= sizeBytes) return null;
    try {
      return this.#options.files.read(index, offset, Math.min(maxBytes, MAX_PENDING_BYTES));
    } catch (error) {
      this.#events.discarded(index, (error as Error).message);
      this.#options.files.remove(index);
      this.#events.damaged();
      return null;
    }
  }
}
