/**
 * A client that finds the primary by itself, as quickly as a client can: it follows MOVED at once, and when its
 * connection breaks or it is told that there is no primary it asks the next member, until one answers. One command
 * at a time.
 */
import { connect, type Socket } from 'node:net';
import type { Endpoint } from '#operator/local/cluster.ts';

const AGAIN_AFTER_MS = 5;
const ANSWER_WITHIN_MS = 1000;

export class Seeker {
  readonly #endpoints: readonly Endpoint[];
  #at = 0;
  #socket: Socket | null = null;
  #closed = false;

  constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints;
  }

  /** Sends an inline command until somebody does it; the reply as it came, null once closed. */
  async command(line: string): Promise<string | null> {
    while (!this.#closed) {
      const reply = await this.#ask(line);
      if (reply !== null && !reply.startsWith('-')) return reply;
      const [, port] = /^-MOVED \d+ \S+:(\d+)/.exec(reply ?? '') ?? [];
      const target = this.#endpoints.findIndex((endpoint) => endpoint.port === Number(port));
      this.#drop();
      if (target >= 0 && target !== this.#at) {
        this.#at = target;
        continue;
      }
      this.#at = (this.#at + 1) % this.#endpoints.length;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
    }
    return null;
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  #drop(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  /** Null when there is no answer. */
  #ask(line: string): Promise<string | null> {
    const { host, port } = this.#endpoints[this.#at];
    const socket = (this.#socket ??= connect({ host, port, noDelay: true }));
    return new Promise((resolve) => {
      let text = '';
      const done = (reply: string | null): void => {
        clearTimeout(timer);
        socket.removeAllListeners();
        // a socket whose end nobody hears of would throw
        socket.on('error', () => {});
        if (reply === null) this.#drop();
        resolve(reply);
      };
      const timer = setTimeout(() => done(null), ANSWER_WITHIN_MS);
      socket.on('data', (bytes: Buffer) => {
        text += bytes.toString('latin1');
        if (isWhole(text)) done(text);
      });
      socket.on('error', () => done(null));
      socket.on('close', () => done(null));
      socket.write(`${line}\r\n`);
    });
  }
}

/** A line, or a bulk string of one line. */
function isWhole(text: string): boolean {
  if (!text.endsWith('\r\n')) return false;
  return !text.startsWith('$') || text.startsWith('$-1') || text.split('\r\n').length === 3;
}
