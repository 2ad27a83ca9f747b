/**
 * One accepted client connection. Replies queue here until the turn of the event loop ends (or the
 * listener is flushed) and then leave in one write.
 *
 * Invariants: the handler hears `closed` exactly once and nothing after it; what is sent after `close`
 * or `destroy` is dropped; a connection that is closing is gone within `closeTimeoutMs`.
 */
import type { Socket } from 'node:net';
import { invariant } from '#base/invariant.ts';
import type { ClientConnection, ClientHandler } from '#node/shard/ports.ts';

/** The connections of one listener that have something to send in this turn of the event loop. */
export interface Turn {
  waiting: Connection[];
  scheduled: boolean;
  readonly stats: { inputBytes: number; outputBytes: number };
}

export interface ConnectionOptions {
  readonly id: number;
  readonly socket: Socket;
  readonly tls: boolean;
  readonly listener: string;
  readonly closeTimeoutMs: number;
  readonly turn: Turn;
}

/** Up to this many bytes, several chunks are copied into one; above it the kernel gathers them. */
const JOIN_BYTES = 64 * 1024;

export class Connection implements ClientConnection {
  readonly id: number;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly tls: boolean;
  readonly listener: string;
  /** Resolves when the socket is closed and the handler has been told. */
  readonly gone: Promise<void>;
  readonly #socket: Socket;
  readonly #turn: Turn;
  readonly #closeTimeoutMs: number;
  #handler: ClientHandler | null = null;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #isWaiting = false;
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
    this.#turn = options.turn;
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
      if (this.#state === 'open' && this.bufferedBytes === 0) handler.drained();
    });
    socket.on('end', () => this.#ended(handler));
    socket.once('close', () => {
      this.#state = 'closed';
      this.#queue = [];
      this.#queuedBytes = 0;
      if (this.#closeTimer !== null) clearTimeout(this.#closeTimer);
      onGone();
      handler.closed();
    });
    socket.resume();
  }

  /** bytes[0, count) arrived. */
  received(bytes: Uint8Array, count: number): void {
    if (this.#state !== 'open' || this.#handler === null) return;
    this.#turn.stats.inputBytes += count;
    this.#handler.data(bytes, 0, count);
  }

  send(bytes: Uint8Array): void {
    if (this.#state !== 'open' || bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#wait();
  }

  get bufferedBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#socket.resume();
    this.#closeTimer = setTimeout(() => this.#socket.destroy(), this.#closeTimeoutMs);
    this.#wait();
  }

  destroy(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#socket.destroy();
  }

  pause(): void {
    if (this.#state === 'open') this.#socket.pause();
  }

  resume(): void {
    if (this.#state === 'open') this.#socket.resume();
  }

  /** Writes what is queued; called by {@link flushTurn}. */
  flush(): void {
    this.#isWaiting = false;
    if (this.#queue.length > 0) this.#write();
    if (this.#state === 'closing') this.#socket.end();
  }

  #write(): void {
    const queue = this.#queue;
    const bytes = this.#queuedBytes;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#turn.stats.outputBytes += bytes;
    const socket = this.#socket;
    if (queue.length === 1) {
      socket.write(queue[0]);
    } else if (bytes <= JOIN_BYTES) {
      socket.write(Buffer.concat(queue, bytes));
    } else {
      socket.cork();
      for (const chunk of queue) socket.write(chunk);
      socket.uncork();
    }
  }

  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const turn = this.#turn;
    turn.waiting.push(this);
    if (turn.scheduled) return;
    turn.scheduled = true;
    setImmediate(flushTurn, turn);
  }

  #ended(handler: ClientHandler): void {
    if (this.#state !== 'open') return;
    if (handler.ended) handler.ended();
    else this.close();
  }
}

/** Sends what the connections of `turn` have queued. */
export function flushTurn(turn: Turn): void {
  turn.scheduled = false;
  const { waiting } = turn;
  turn.waiting = [];
  for (const connection of waiting) connection.flush();
}

function hostAndPort(host: string | undefined, port: number | undefined): string {
  return `${host ?? '?'}:${port ?? 0}`;
}
