/**
 * One accepted client connection. What is sent goes to the kernel at once, as far as it takes it: the shard
 * sends once a turn, all replies of the turn together.
 *
 * Invariants: the handler hears `closed` exactly once and nothing after it; what is sent after `close`
 * or `destroy` is dropped; a connection that is closing is gone within `closeTimeoutMs`.
 */
import type { Socket } from 'node:net';
import { invariant } from '#base/invariant.ts';
import type { ClientConnection, ClientHandler } from '#node/shard/ports.ts';
import { RawStream } from './raw-stream.ts';

export interface ConnectionOptions {
  readonly id: number;
  readonly socket: Socket;
  readonly tls: boolean;
  readonly listener: string;
  readonly closeTimeoutMs: number;
  /** What this connection adds its traffic to. */
  readonly stats: { inputBytes: number; outputBytes: number };
}

export class Connection implements ClientConnection {
  readonly id: number;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly tls: boolean;
  readonly listener: string;
  /** Resolves when the socket is closed and the handler has been told. */
  readonly gone: Promise<void>;
  readonly #socket: Socket;
  readonly #stats: ConnectionOptions['stats'];
  readonly #closeTimeoutMs: number;
  /** Null: by the socket's stream. */
  #raw: RawStream | null = null;
  #handler: ClientHandler | null = null;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #closeTimer: NodeJS.Timeout | null = null;

  constructor(options: ConnectionOptions) {
    const { socket } = options;
    this.id = options.id;
    this.tls = options.tls;
    this.listener = options.listener;
    this.remoteAddress = hostAndPort(socket.remoteAddress, socket.remotePort);
    this.localAddress = hostAndPort(socket.localAddress, socket.localPort);
    this.#socket = socket;
    this.#stats = options.stats;
    this.#closeTimeoutMs = options.closeTimeoutMs;
    this.gone = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /**
   * Starts reading. `readBuffer`: what the socket reads into, if that is a buffer of ours (`onread`); the listener
   * then calls {@link received}, or this connection does it by the shorter way; else 'data' events do.
   */
  begin(handler: ClientHandler, readBuffer: Uint8Array | null, onGone: () => void): void {
    invariant(this.#handler === null, 'a connection begins once');
    this.#handler = handler;
    const socket = this.#socket;
    // a plain Uint8Array: slice() of a Buffer does not copy, and pure rooms rely on copies
    if (readBuffer !== null) {
      this.#raw = RawStream.of(socket, () => this.#drained());
      this.#raw?.read((count) => this.received(readBuffer, count));
    } else {
      socket.on('data', ({ buffer, byteOffset, length }: Buffer) =>
        this.received(new Uint8Array(buffer, byteOffset, length), length),
      );
    }
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#ended(handler));
    socket.once('close', () => {
      this.#state = 'closed';
      if (this.#closeTimer !== null) clearTimeout(this.#closeTimer);
      onGone();
      handler.closed();
    });
    socket.resume();
  }

  /** bytes[0, count) arrived. */
  received(bytes: Uint8Array, count: number): void {
    if (this.#state !== 'open' || this.#handler === null) return;
    this.#stats.inputBytes += count;
    this.#handler.data(bytes, 0, count);
  }

  send(bytes: Uint8Array, start: number, end: number): void {
    if (this.#state !== 'open' || end <= start) return;
    this.#stats.outputBytes += end - start;
    if (this.#raw !== null) this.#raw.write(bytes, start, end);
    else this.#socket.write(Buffer.copyBytesFrom(bytes, start, end - start));
  }

  get bufferedBytes(): number {
    return this.#raw === null ? this.#socket.writableLength : this.#raw.pendingBytes;
  }

  /** Its bytes do not go through the socket's stream. */
  get isRaw(): boolean {
    return this.#raw !== null;
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#socket.resume();
    this.#closeTimer = setTimeout(() => this.#socket.destroy(), this.#closeTimeoutMs);
    this.#socket.end();
  }

  destroy(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    this.#socket.destroy();
  }

  pause(): void {
    if (this.#state === 'open') this.#socket.pause();
  }

  resume(): void {
    if (this.#state === 'open') this.#socket.resume();
  }

  #drained(): void {
    if (this.#state === 'open') this.#handler?.drained();
  }

  #ended(handler: ClientHandler): void {
    if (this.#state !== 'open') return;
    if (handler.ended) handler.ended();
    else this.close();
  }
}

function hostAndPort(host: string | undefined, port: number | undefined): string {
  return `${host ?? '?'}:${port ?? 0}`;
}
