/**
 * A connection to each data member that stays there whatever happens, asks for counters every few milliseconds and
 * raises one now and then. A client library goes where the primary is said to be; this one also asks who was
 * frozen or cut off, with requests that wait in its socket until it wakes: whatever it answers must be true by then.
 */
import { connect, type Socket } from 'node:net';
import { Prng } from '#base/prng.ts';
import { parseReply, ReplyParser } from '../conformance/reply-parser.ts';
import type { Ledger } from './ledger.ts';
import { COUNTERS, type Endpoint } from './load.ts';

const ASK_EVERY_MS = 4;
const AGAIN_AFTER_MS = 50;
/** Requests without a reply, above which no more are sent. */
const MOST_WAITING = 2000;

interface Request {
  readonly key: string;
  /** What the counter must not be below. */
  readonly floor: number;
  readonly isWrite: boolean;
}

class Watcher {
  /** When it got an answer out of the keyspace, in ms of the monotonic clock. */
  readonly answeredMs: number[] = [];
  readonly #endpoint: Endpoint;
  readonly #ledger: Ledger;
  readonly #random: Prng;
  #socket: Socket | null = null;
  #waiting: Request[] = [];
  #stopped = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(endpoint: Endpoint, ledger: Ledger, random: Prng) {
    this.#endpoint = endpoint;
    this.#ledger = ledger;
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
      this.#timer = setInterval(() => this.#ask(socket), ASK_EVERY_MS);
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
    const key = `counter:${this.#random.below(COUNTERS)}`;
    const isWrite = this.#random.below(4) === 0;
    this.#waiting.push({ key, floor: this.#ledger.floor(key), isWrite });
    socket.write(`${isWrite ? 'INCR' : 'GET'} ${key}\r\n`);
  }

  #take(reply: string): void {
    const request = this.#waiting.shift();
    if (request === undefined || reply.startsWith('-')) return;
    this.answeredMs.push(performance.now());
    const { key, floor, isWrite } = request;
    const value = parseReply(reply);
    if (typeof value !== 'string') throw new Error(`${key} is ${reply}`);
    if (isWrite) this.#ledger.incremented(key, floor, Number(value.slice(1)));
    else this.#ledger.read(key, floor, value === '$-1\r\n' ? 0 : Number(value.split('\r\n')[1]));
  }
}

export class Watch {
  readonly #watchers: Watcher[];

  constructor(endpoints: readonly Endpoint[], ledger: Ledger, seed: number) {
    this.#watchers = endpoints.map((endpoint, at) => {
      return new Watcher(endpoint, ledger, new Prng(seed + 7919 * (at + 1)));
    });
  }

  stop(): void {
    for (const watcher of this.#watchers) watcher.stop();
  }

  /**
   * Answers that came out of a keyspace between two times of the monotonic clock; of the data member `at` (as the
   * endpoints were given) or of all.
   */
  answersBetween(fromMs: number, toMs: number, at?: number): number {
    const asked = at === undefined ? this.#watchers : [this.#watchers[at]];
    const times = asked.flatMap(({ answeredMs }) => answeredMs);
    return times.filter((atMs) => atMs >= fromMs && atMs < toMs).length;
  }
}
