/**
 * One connection to another member: hello from both sides, then frames both ways.
 *
 * The side that dialled says hello first; the other answers with its own when it keeps the link, so a
 * link is up on both sides or closed. Frames sent in one turn leave in one write. What does not fit the
 * queue is dropped (Raft tolerates loss); silence closes the link, because TCP alone would need minutes
 * to notice that the other side is gone. All links read into one buffer, and each writes from buffers of its
 * own that it uses again: a batch of the log makes no garbage here.
 *
 * Invariants: `onUp` at most once and before any `onFrame`; `onClosed` exactly once and last.
 */
import type { Socket } from 'node:net';
import { invariant } from '#base/invariant.ts';
import { ByteWriter, text, utf8 } from '#base/bytes.ts';
import { FRAME_HELLO, FRAME_PING, FRAME_REFUSED, FrameReader, writeFrame } from './frames.ts';
import { MAX_HELLO_BYTES, decodeHello, encodeHello } from './hello.ts';
import type { PeerIdentity } from './hello.ts';
import { RawStream } from './raw-stream.ts';

export interface LinkOptions {
  readonly socket: Socket;
  /** This side opened the connection. */
  readonly dialled: boolean;
  readonly self: PeerIdentity;
  readonly maxFrameBytes: number;
  readonly maxQueuedBytes: number;
  /** Longest time until the other side's hello. */
  readonly greetingTimeoutMs: number;
}

export interface LinkOwner {
  /** The other side has said who it is; a refusal in words closes the link. */
  accept(link: Link, identity: PeerIdentity): string | null;
  up(link: Link): void;
  /** `payload` is valid only during the call. */
  frame(link: Link, type: number, payload: Uint8Array): void;
  closed(link: Link, reason: string): void;
}

/** Quiet ticks (see {@link Link.tick}) after which a link is closed. */
export const QUIET_TICKS = 6;

/** What one read of any link brings; a record of TLS holds 16 KiB. */
const READ_BUFFER = new Uint8Array(64 * 1024);
const EMPTY: Uint8Array = new Uint8Array(0);

export class Link {
  readonly dialled: boolean;
  readonly address: string;
  /** When the link came up, by `performance.now()`. */
  upSinceMs = 0;
  identity: PeerIdentity | null = null;
  readonly #socket: Socket;
  readonly #options: LinkOptions;
  readonly #owner: LinkOwner;
  readonly #reader: FrameReader;
  readonly #greetingTimer: NodeJS.Timeout;
  #state: 'greeting' | 'up' | 'closed' = 'greeting';
  /** Null: by the socket's stream. */
  readonly #raw: RawStream | null;
  /** Frames that leave with the next write. */
  #queued = new ByteWriter();
  /** Those that the kernel has not all taken yet. */
  #writing = new ByteWriter();
  readonly #onTaken = (): void => {
    this.#writing.clear();
    this.#flush();
  };
  #scheduled = false;
  /** The socket ends when all is written. */
  #refusing = false;
  #quietTicks = 0;
  #sentSinceTick = false;
  #reason = '';

  constructor(options: LinkOptions, owner: LinkOwner) {
    const { socket } = options;
    this.dialled = options.dialled;
    this.address = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    this.#socket = socket;
    this.#options = options;
    this.#owner = owner;
    this.#reader = new FrameReader(MAX_HELLO_BYTES, (type, payload) => this.#take(type, payload));
    this.#greetingTimer = setTimeout(() => this.close('no hello'), options.greetingTimeoutMs);
    socket.setNoDelay(true);
    socket.on('error', (error) => this.#note(error.message));
    this.#raw = RawStream.of(socket, () => undefined);
    this.#raw?.readInto(READ_BUFFER, (count) => this.#received(READ_BUFFER, count));
    // without the shorter way, and what the stream had already read
    socket.on('data', ({ buffer, byteOffset, length }: Buffer) =>
      this.#received(new Uint8Array(buffer, byteOffset, length), length),
    );
    socket.once('end', () => this.close('closed by the other side'));
    socket.once('close', () => this.#finish());
    if (options.dialled) this.#queue(FRAME_HELLO, encodeHello(options.self));
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Bytes queued and not yet taken by the kernel. */
  get bufferedBytes(): number {
    return this.#queued.length + this.#writing.length;
  }

  /**
   * Sends a frame with a copy of `payload`. False when the link is not up or its queue is full: the frame is
   * dropped.
   */
  send(type: number, payload: Uint8Array): boolean {
    if (this.#state !== 'up') return false;
    if (this.bufferedBytes + payload.length > this.#options.maxQueuedBytes) return false;
    this.#queue(type, payload);
    return true;
  }

  /** Closes at once; `reason` is for the log. */
  close(reason: string): void {
    this.#note(reason);
    this.#reader.stop();
    this.#socket.destroy();
  }

  /** Tells the other side why, then closes. */
  refuse(reason: string): void {
    this.#note(reason);
    this.#reader.stop();
    this.#queue(FRAME_REFUSED, utf8(reason));
    this.#refusing = true;
    this.#flush();
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }

  /** Called at even times: says that this side lives, and closes the link if the other has not. */
  tick(): void {
    if (this.#state !== 'up') return;
    if (++this.#quietTicks > QUIET_TICKS) this.close('silent for too long');
    else if (!this.#sentSinceTick) this.#queue(FRAME_PING, EMPTY);
    this.#sentSinceTick = false;
  }

  /** bytes[0, count) arrived. */
  #received(bytes: Uint8Array, count: number): void {
    this.#quietTicks = 0;
    if (!this.#reader.push(bytes, count)) this.close('a frame is larger than allowed');
  }

  #take(type: number, payload: Uint8Array): void {
    if (this.#state === 'up') {
      if (type === FRAME_PING) return;
      if (type === FRAME_REFUSED) this.close(`refused: ${text(payload)}`);
      else this.#owner.frame(this, type, payload);
      return;
    }
    if (type === FRAME_REFUSED) this.close(`refused: ${text(payload)}`);
    else if (type === FRAME_HELLO) this.#greeted(payload);
    else this.close('no hello');
  }

  #greeted(payload: Uint8Array): void {
    invariant(this.#state === 'greeting', 'a link is greeted once');
    const hello = decodeHello(payload, this.#options.self);
    if ('refusal' in hello) {
      this.refuse(hello.refusal);
      return;
    }
    this.identity = hello.identity;
    const refusal = this.#owner.accept(this, hello.identity);
    if (refusal !== null) {
      this.refuse(refusal);
      return;
    }
    clearTimeout(this.#greetingTimer);
    this.#reader.maxBytes = this.#options.maxFrameBytes;
    this.#state = 'up';
    this.upSinceMs = performance.now();
    if (!this.dialled) this.#queue(FRAME_HELLO, encodeHello(this.#options.self));
    this.#owner.up(this);
  }

  #queue(type: number, payload: Uint8Array): void {
    writeFrame(this.#queued, type, payload);
    this.#sentSinceTick = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(flushLink, this);
  }

  /** @internal called by {@link flushLink}. */
  flushQueued(): void {
    this.#scheduled = false;
    this.#flush();
  }

  /** One write at a time, as TLS wants it; what is sent meanwhile goes with the next. */
  #flush(): void {
    if (this.#writing.length > 0 || !this.#socket.writable) return;
    if (this.#queued.length === 0) {
      if (this.#refusing) this.#socket.end();
      return;
    }
    const writer = this.#queued;
    this.#queued = this.#writing;
    this.#writing = writer;
    if (this.#raw === null) this.#socket.write(writer.written, this.#onTaken);
    else if (this.#raw.give(writer.written, this.#onTaken)) this.#onTaken();
  }

  #note(reason: string): void {
    if (this.#reason === '') this.#reason = reason;
  }

  #finish(): void {
    clearTimeout(this.#greetingTimer);
    this.#state = 'closed';
    this.#queued.clear();
    this.#owner.closed(this, this.#reason === '' ? 'closed' : this.#reason);
  }
}

function flushLink(link: Link): void {
  link.flushQueued();
}
