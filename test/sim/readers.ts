/**
 * Clients that read replicas (READONLY), and one that raises a pair of counters in one EXEC for them to read. What a
 * data member shows, in whatever role, is committed, shows units whole, and never goes back on one connection.
 *
 * One seed in four has them (profile.ts): what clients send changes a run, and older seeds were to stay as they were.
 */
import { Prng } from '#base/prng.ts';
import { rule } from './checks.ts';
import { movedTo, type Reply, ReplyError, type SimConnection } from './client.ts';
import type { SimShard } from './shard.ts';
import { connectTo, PATIENCE_MS, type Workload } from './workload.ts';

const PAIR = ['{pair}a', '{pair}b'] as const;
const READERS = 3;
/** How often a reader goes to another member. */
const MOVE_CHANCE = 0.03;

export class Readers {
  /** How often the pair was raised and the answer came. */
  raised = 0;
  /** How often the pair was read. */
  reads = 0;
  running = true;
  readonly #shard: SimShard;
  readonly #workload: Workload;
  readonly #random: Prng;
  /** The highest value of the counters that anybody was shown. */
  #shown = 0;
  /** Where the writer was sent to, '' for anywhere. */
  #hint = '';

  /** @param workload whose quiet times these clients keep. */
  constructor(shard: SimShard, workload: Workload, seed: number) {
    this.#shard = shard;
    this.#workload = workload;
    this.#random = new Prng(seed ^ 0x4ead);
    this.#later(5, () => this.#raise(null));
    for (let i = 0; i < READERS; i++) this.#later(5, () => this.#visit());
  }

  /** Runs `step` within `mostMs`, once there is no quiet. */
  #later(mostMs: number, step: () => void): void {
    const { world } = this.#shard;
    world.after((this.#random.below(1000) / 1000) * mostMs, () => {
      if (!this.running) return;
      if (world.nowMs < this.#workload.quietUntilMs) this.#later(20, step);
      else step();
    });
  }

  #raise(kept: SimConnection | null): void {
    const connection = kept ?? connectTo(this.#shard, this.#hint, this.#random);
    if (connection === null) {
      this.#later(20, () => this.#raise(null));
      return;
    }
    const floor = this.#shown;
    const replies: Reply[] = [];
    let over = false;
    const end = (again: SimConnection | null): void => {
      if (over) return;
      over = true;
      this.#later(20, () => this.#raise(again));
    };
    connection.onClosed = () => end(null);
    connection.onReply = (reply) => {
      replies.push(reply);
      if (over || replies.length < 4) return;
      const answer = replies[3];
      if (Array.isArray(answer)) this.#raisedTo(answer, floor);
      const refused = replies.find((one) => one instanceof ReplyError);
      this.#hint = refused === undefined ? '' : movedTo(refused.line);
      end(Array.isArray(answer) ? connection : null);
    };
    this.#shard.world.after(PATIENCE_MS, () => {
      if (over) return;
      end(null);
      connection.leave();
    });
    const [a, b] = PAIR;
    connection.commands([['MULTI'], ['INCR', a], ['INCR', b], ['EXEC']]);
  }

  #raisedTo(answer: readonly Reply[], floor: number): void {
    const [a, b] = answer.map(Number);
    rule(a === b, 'an EXEC raises both of a pair', () => answer);
    rule(a > floor, 'what a member has shown was committed', () => ({ answer, shown: floor }));
    this.#shown = Math.max(this.#shown, a);
    this.raised++;
  }

  /** Reads at one member until it is gone, or another is drawn. */
  #visit(): void {
    const connection = connectTo(this.#shard, '', this.#random);
    if (connection === null) {
      this.#later(20, () => this.#visit());
      return;
    }
    let last = 0;
    const read = (): void => connection.command('MGET', ...PAIR);
    connection.onClosed = () => this.#later(20, () => this.#visit());
    connection.onReply = (reply) => {
      if (Array.isArray(reply)) last = this.#read(reply, last);
      // not from inside of the member that has just answered
      this.#later(12, () => {
        if (connection.closedByMember) return;
        if (this.#random.chance(MOVE_CHANCE)) connection.leave();
        else read();
      });
    };
    connection.command('READONLY');
  }

  #read(reply: readonly Reply[], last: number): number {
    const [a, b] = reply.map((item) => Number(item ?? 0));
    rule(a === b, 'a member shows units whole', () => reply);
    rule(a >= last, 'reads of a member do not go back', () => ({ reply, last }));
    this.#shown = Math.max(this.#shown, a);
    this.reads++;
    return a;
  }
}
