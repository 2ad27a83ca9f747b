/**
 * Fetching a snapshot file from another member, piece by piece: a log member for its truncation, a member that is
 * too far behind for the leader's log, for its keyspace. What comes is checked as it comes; the file counts when
 * it is whole, right and durable.
 *
 * One piece is asked for at a time, again when it does not come, and from another member, from the start, when one
 * has no such file, is silent or sends what is wrong (the files of two members hold the same, in another order). When
 * all were asked it is given up: who wants it will hear of a newer one. A fetch that nobody waits for takes turns with
 * whatever else its machines have to do.
 */
import { ByteWriter } from '#base/bytes.ts';
import type { SnapshotHead } from '#node/snapshot/format.ts';
import { SnapshotReader } from '#node/snapshot/reader.ts';
import { type Peers, PEER_FRAME_SNAPSHOT, type SnapshotFiles, type SnapshotSink } from './ports.ts';
import { encodeSnapshotFrame, type SnapshotFrame } from './snapshot-frames.ts';

/**
 * Bytes of a piece; with one on its way at a time this bounds the speed by distance. Not so many that whoever sends it
 * serves nobody for long, or that buffers on its way are made anew for each.
 */
const PIECE_BYTES = 256 << 10;
/** Received and not on disk yet, above which no more is asked for. */
const MAX_PENDING_BYTES = 8 << 20;
/** How long a piece is waited for, and how often, before another member is asked. */
const PIECE_TIMEOUT_MS = 1000;
const TRIES = 5;

type Piece = Extract<SnapshotFrame, { type: 'piece' }>;

export interface FetchPorts {
  readonly files: SnapshotFiles;
  readonly peers: Peers;
}

/** A file that has come whole and is durable now. */
export interface Fetched {
  readonly head: SnapshotHead;
  readonly sizeBytes: number;
  readonly digest: string;
}

export class SnapshotFetch {
  readonly index: number;
  /** When the last piece came. */
  progressMs: number;
  /** Before a piece is asked for it rests for as long as the last one took. */
  paced: boolean;
  readonly #sources: () => readonly string[];
  readonly #ports: FetchPorts;
  readonly #done: (fetched: Fetched | null, reason: string) => void;
  readonly #frame = new ByteWriter(64);
  #source = '';
  /** The place of the source among those there are. */
  #sourceNumber = -1;
  #tries = 0;
  #askedMs = -Infinity;
  /** Rests until then. */
  #restsUntilMs = -Infinity;
  #waiting = false;
  #offset = 0;
  #reader: SnapshotReader | null = null;
  #sink: SnapshotSink | null = null;
  #publishing = false;

  /**
   * @param index of the file
   * @param sources memberIds that may have it, the likeliest first; asked anew each time
   * @param paced see {@link paced}
   * @param done called once: with the file, or with null and the reason
   */
  constructor(
    index: number,
    sources: () => readonly string[],
    ports: FetchPorts,
    paced: boolean,
    nowMs: number,
    done: (fetched: Fetched | null, reason: string) => void,
  ) {
    this.index = index;
    this.progressMs = nowMs;
    this.paced = paced;
    this.#sources = sources;
    this.#ports = ports;
    this.#done = done;
  }

  tick(nowMs: number): void {
    if (this.#publishing) return;
    if (this.#waiting && nowMs - this.#askedMs < PIECE_TIMEOUT_MS) return;
    if (this.#waiting && ++this.#tries >= TRIES) this.#source = '';
    this.#ask(nowMs);
  }

  /** A frame about this file came from `from`. */
  receive(from: string, frame: SnapshotFrame, nowMs: number): void {
    if (from !== this.#source || frame.index !== this.index || this.#publishing) return;
    if (frame.type === 'absent') this.#source = '';
    else if (frame.type !== 'piece' || frame.offset !== this.#offset || !this.#waiting) return;
    else this.#take(frame, nowMs);
    if (!this.#publishing) this.#ask(nowMs);
  }

  abandon(): void {
    this.#sink?.abandon();
    this.#sink = null;
    this.#publishing = true;
  }

  #ask(nowMs: number): void {
    this.#waiting = false;
    if (this.paced && nowMs < this.#restsUntilMs) return;
    if ((this.#sink?.pendingBytes ?? 0) > MAX_PENDING_BYTES) return;
    if (this.#source === '' && !this.#startOver()) return;
    const frame = this.#frame;
    frame.clear();
    const { index } = this;
    const offset = this.#offset;
    encodeSnapshotFrame({ type: 'request', index, offset, maxBytes: PIECE_BYTES }, frame);
    this.#ports.peers.send(this.#source, PEER_FRAME_SNAPSHOT, frame.written);
    this.#waiting = true;
    this.#askedMs = nowMs;
  }

  /** Turns to the next member; gives up, and says false, when all were tried. */
  #startOver(): boolean {
    const sources = this.#sources();
    if (++this.#sourceNumber >= sources.length) {
      this.abandon();
      this.#done(null, 'no member has it');
      return false;
    }
    this.#source = sources[this.#sourceNumber];
    this.#tries = 0;
    this.#offset = 0;
    this.#sink?.abandon();
    this.#sink = null;
    this.#reader = new SnapshotReader(null);
    return true;
  }

  #take(piece: Piece, nowMs: number): void {
    const reader = this.#reader;
    if (reader === null) return;
    this.#waiting = false;
    this.#tries = 0;
    this.progressMs = nowMs;
    // never 0: the next tick at the earliest
    this.#restsUntilMs = nowMs + Math.max(1, nowMs - this.#askedMs);
    try {
      reader.push(piece.bytes);
      this.#sink ??= this.#ports.files.create(this.index, piece.term);
      this.#sink.write(piece.bytes);
      this.#offset += piece.bytes.length;
      if (this.#offset >= piece.sizeBytes) this.#finish(reader, piece.term);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.#source = '';
    }
  }

  #finish(reader: SnapshotReader, term: number): void {
    const { digest } = reader.end();
    const { head } = reader;
    const sink = this.#sink;
    if (sink === null || head === null || head.index !== this.index || head.term !== term) {
      this.#source = '';
      return;
    }
    this.#publishing = true;
    const sizeBytes = this.#offset;
    sink.publish((error) => {
      if (this.#sink === null) return;
      this.#sink = null;
      if (error === null) this.#done({ head, sizeBytes, digest }, '');
      else this.#done(null, error.message);
    });
  }
}

function isCorrupt(error: unknown): boolean {
  return (error as { code?: string }).code === 'SNAPSHOT_CORRUPT';
}
