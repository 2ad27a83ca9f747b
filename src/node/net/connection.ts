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

export interface ConnectionOptions {
  readonly id: number;
  readonly socket: Socket;
  readonly tls: boolean;
  readonly listener: string;
  readonly closeTimeoutMs: number;
  /** What this connection adds its traffic to. */
  readonly stats: { inputBytes: number; outputBytes: number };
}

/** Up to here a string of the bytes is cheaper than a Buffer: the kernel is given it from a buffer on the stack. */
const STRING_BYTES = 16 * 1024;

/** Native method of Buffer; works on any Uint8Array, without a Buffer being made of it. */
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
};

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

  /** Starts reading. `staticRead`: the listener calls {@link received}; else 'data' events do. */
  begin(handler: ClientHandler, staticRead: boolean, onGone: () => void): void {
    invariant(this.#handler === null, 'a connection begins once');
    this.#handler = handler;
    const socket = this.#socket;
    // a plain Uint8Array: slice() of a Buffer does not copy, and pure rooms rely on copies
    if (!staticRead) {
      socket.on('data', ({ buffer, byteOffset, length }: Buffer) =>
        this.received(new Uint8Array(buffer, byteOffset, length), length),
      );
    }
    socket.on('drain', () => {
      if (this.#state === 'open') handler.drained();
    });
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
    if (end - start <= STRING_BYTES) {
      this.#socket.write(latin1Slice.call(bytes, start, end), 'latin1');
    } else {
      this.#socket.write(Buffer.copyBytesFrom(bytes, start, end - start));
    }
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
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

  #ended(handler: ClientHandler): void {
    if (this.#state !== 'open') return;
    if (handler.ended) handler.ended();
    else this.close();
  }
}

function hostAndPort(host: string | undefined, port: number | undefined): string {
  return `${host ?? '?'}:${port ?? 0}`;
}
