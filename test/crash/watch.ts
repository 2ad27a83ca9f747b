/**
 * Connections to each data member that stay there whatever happens: every few milliseconds some ask for a counter
 * each, and one raises one. A client library goes where the primary is said to be; these ask also who was frozen or
 * cut off, with requests that wait in its socket until it wakes: whatever it answers must be true by then.
 *
 * Each reader reads one key, which only the cluster clients raise: a read of a key with a write that is not
 * committed waits, and all behind it on its connection.
 */
import { connect, type Socket } from 'node:net';
import { Prng } from '#base/prng.ts';
import { parseReply, ReplyParser } from '../conformance/reply-parser.ts';
import type { Ledger } from './ledger.ts';
import { COUNTERS, type Endpoint, WATCHED } from './load.ts';

const READ_EVERY_MS = 20;
const WRITE_EVERY_MS = 4;
const AGAIN_AFTER_MS = 50;
/** Requests without a reply, above which no more are sent. */
const MOST_WAITING = 2000;

interface Request {
  readonly key: string;
  /** What the counter must not be below. */
  readonly floor: number;
}

class Watcher {
  /** When it got an answer out of the keyspace, in ms of the monotonic clock. */
  readonly answeredMs: number[] = [];
  readonly #endpoint: Endpoint;
  readonly #ledger: Ledger;
  /** Null: this one reads `watched:${number}`. */
  readonly #random: Prng | null;
  readonly #number: number;
  #socket: Socket | null = null;
  #waiting: Request[] = [];
  #stopped = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(endpoint: Endpoint, ledger: Ledger, number: number, random: Prng | null) {
    this.#endpoint = endpoint;
    this.#ledger = ledger;
    this.#number = number;
    this.#random = random;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#socket?.destroy();
  }

  #connect(): void {
    if (this.#stopped) return;
    const { host, port } = this.#endpoint;
    const socket = connect(port, host);
    const parser = new ReplyParser();
    this.#socket = socket;
    this.#waiting = [];
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('connect', () => {
      const everyMs = this.#random === null ? READ_EVERY_MS : WRITE_EVERY_MS;
      this.#timer = setInterval(() => this.#ask(socket), everyMs);
    });
    socket.on('data', (text: unknown) => {
      parser.feed(String(text));
      for (let reply = parser.next(); reply !== null; reply = parser.next()) this.#take(reply);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#timer !== null) clearInterval(this.#timer);
      this.#timer = null;
      setTimeout(() => this.#connect(), AGAIN_AFTER_MS);
    });
  }

  #ask(socket: Socket): void {
    if (this.#waiting.length >= MOST_WAITING) return;
    const random = this.#random;
    const key = random === null ? `watched:${this.#number}` : `counter:${random.below(COUNTERS)}`;
    this.#waiting.push({ key, floor: this.#ledger.floor(key) });
    socket.write(`${random === null ? 'GET' : 'INCR'} ${key}\r\n`);
  }

  #take(reply: string): void {
    const request = this.#waiting.shift();
    if (request === undefined || reply.startsWith('-')) return;
    this.answeredMs.push(performance.now());
    const { key, floor } = request;
    const value = parseReply(reply);
    if (typeof value !== 'string') throw new Error(`${key} is ${reply}`);
    if (this.#random !== null) this.#ledger.incremented(key, floor, Number(value.slice(1)));
    else this.#ledger.read(key, floor, value === '$-1\r\n' ? 0 : Number(value.split('\r\n')[1]));
  }
}

export class Watch {
  /** Of each data member. */
  readonly #watchers: readonly (readonly Watcher[])[];

  constructor(endpoints: readonly Endpoint[], ledger: Ledger, seed: number) {
    this.#watchers = endpoints.map((endpoint, at) => {
      const writer = new Watcher(endpoint, ledger, 0, new Prng(seed + 7919 * (at + 1)));
      const readers = Array.from({ length: WATCHED }, (_, number) => {
        return new Watcher(endpoint, ledger, number, null);
      });
      return [writer, ...readers];
    });
  }

  stop(): void {
    for (const watcher of this.#watchers.flat()) watcher.stop();
  }

  /**
   * Answers that came out of a keyspace between two times of the monotonic clock; of the data member `at` (as the
   * endpoints were given) or of all.
   */
  answersBetween(fromMs: number, toMs: number, at?: number): number {
    const asked = at === undefined ? this.#watchers : [this.#watchers[at]];
    const times = asked.flat().flatMap(({ answeredMs }) => answeredMs);
    return times.filter((atMs) => atMs >= fromMs && atMs < toMs).length;
  }
}
