/**
 * One connection to another member: hello from both sides, then frames both ways.
 *
 * The side that dialled says hello first; the other answers with its own when it keeps the link, so a
 * link is up on both sides or closed. Frames sent in one turn leave in one write. What does not fit the
 * queue is dropped (Raft tolerates loss); silence closes the link, because TCP alone would need minutes
 * to notice that the other side is gone.
 *
 * Invariants: `onUp` at most once and before any `onFrame`; `onClosed` exactly once and last.
 */
import type { Socket } from 'node:net';
import { invariant } from '#base/invariant.ts';
import { text, utf8 } from '#base/bytes.ts';
import {
  FRAME_HEADER_BYTES,
  FRAME_HELLO,
  FRAME_PING,
  FRAME_REFUSED,
  FrameReader,
  writeFrameHeader,
} from './frames.ts';
import { MAX_HELLO_BYTES, decodeHello, encodeHello } from './hello.ts';
import type { PeerIdentity } from './hello.ts';

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
  frame(link: Link, type: number, payload: Uint8Array): void;
  closed(link: Link, reason: string): void;
}

/** Quiet ticks (see {@link Link.tick}) after which a link is closed. */
export const QUIET_TICKS = 6;

/** Up to this many bytes, frames are copied into one buffer, which comes out of Node's pool; above it not. */
const JOIN_BYTES = 4096;
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
  #types: number[] = [];
  #payloads: Uint8Array[] = [];
  #tails: Uint8Array[] = [];
  #queuedBytes = 0;
  #scheduled = false;
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
    socket.on('data', (bytes: Buffer) => {
      this.#quietTicks = 0;
      if (!this.#reader.push(bytes)) this.close('a frame is larger than allowed');
    });
    socket.once('end', () => this.close('closed by the other side'));
    socket.once('close', () => this.#finish());
    if (options.dialled) this.#queue(FRAME_HELLO, encodeHello(options.self));
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Bytes queued and not yet taken by the kernel. */
  get bufferedBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  /**
   * Sends a frame of `payload` and then `tail`. False when the link is not up or its queue is full: the frame is
   * dropped.
   */
  send(type: number, payload: Uint8Array, tail = EMPTY): boolean {
    if (this.#state !== 'up') return false;
    const bytes = payload.length + tail.length;
    if (this.bufferedBytes + bytes > this.#options.maxQueuedBytes) return false;
    this.#queue(type, payload, tail);
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
    this.#flush();
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }

  /** Called at even times: says that this side lives, and closes the link if the other has not. */
  tick(): void {
    if (this.#state !== 'up') return;
    if (++this.#quietTicks > QUIET_TICKS) this.close('silent for too long');
    else if (!this.#sentSinceTick) this.#queue(FRAME_PING, EMPTY);
    this.#sentSinceTick = false;
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

  #queue(type: number, payload: Uint8Array, tail = EMPTY): void {
    this.#types.push(type);
    this.#payloads.push(payload);
    this.#tails.push(tail);
    this.#queuedBytes += FRAME_HEADER_BYTES + payload.length + tail.length;
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

  #flush(): void {
    if (this.#types.length === 0 || !this.#socket.writable) return;
    if (this.#queuedBytes <= JOIN_BYTES) this.#writeJoined(this.#queuedBytes);
    else this.#writeGathered();
    this.#clear();
  }

  #clear(): void {
    this.#types = [];
    this.#payloads = [];
    this.#tails = [];
    this.#queuedBytes = 0;
  }

  #writeJoined(bytes: number): void {
    const joined = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (let i = 0; i < this.#types.length; i++) {
      const payload = this.#payloads[i];
      const tail = this.#tails[i];
      writeFrameHeader(joined, at, this.#types[i], payload.length + tail.length);
      joined.set(payload, at + FRAME_HEADER_BYTES);
      at += FRAME_HEADER_BYTES + payload.length;
      joined.set(tail, at);
      at += tail.length;
    }
    this.#socket.write(joined);
  }

  #writeGathered(): void {
    const socket = this.#socket;
    socket.cork();
    for (let i = 0; i < this.#types.length; i++) {
      const payload = this.#payloads[i];
      const tail = this.#tails[i];
      const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
      writeFrameHeader(header, 0, this.#types[i], payload.length + tail.length);
      socket.write(header);
      if (payload.length > 0) socket.write(payload);
      if (tail.length > 0) socket.write(tail);
    }
    socket.uncork();
  }

  #note(reason: string): void {
    if (this.#reason === '') this.#reason = reason;
  }

  #finish(): void {
    clearTimeout(this.#greetingTimer);
    this.#state = 'closed';
    this.#clear();
    this.#owner.closed(this, this.#reason === '' ? 'closed' : this.#reason);
  }
}

function flushLink(link: Link): void {
  link.flushQueued();
}
