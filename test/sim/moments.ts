/**
 * Nasty moments: something goes wrong just when a certain message leaves, or a member begins to serve. Faults arm
 * them; the next time that the moment comes the deed is done, once.
 */
import { ENTRY_CONFIG } from '#node/raft/entry.ts';
import type { Message } from '#node/raft/message.ts';
import type { SimMember } from './member.ts';
import type { SimShard } from './shard.ts';

export const MOMENTS = [
  /** A hand-over comes to its point. */
  'timeout-now',
  /** Somebody would stand; a vote is asked for, and given. */
  'pre-vote',
  'pre-vote-granted',
  'vote',
  'vote-granted',
  /** Entries are sent, entries are acknowledged. */
  'append',
  'append-accepted',
  /** A change of the membership is sent. */
  'config',
  /** A member begins to serve. */
  'primary',
] as const;

export type Moment = (typeof MOMENTS)[number];

/** @param from who sent the message, or began to serve; `to`: who is to get it, or null. */
type Deed = (from: SimMember, to: SimMember | null) => void;

interface Armed {
  readonly moment: Moment;
  readonly untilMs: number;
  readonly deed: Deed;
}

export class Moments {
  readonly #shard: SimShard;
  #armed: Armed[] = [];

  constructor(shard: SimShard) {
    this.#shard = shard;
  }

  /** Does `deed` when `moment` comes for the next time, if it does so soon. */
  arm(moment: Moment, deed: Deed): void {
    this.#armed.push({ moment, untilMs: this.#shard.world.nowMs + 1500, deed });
  }

  disarm(): void {
    this.#armed = [];
  }

  /** `message` leaves `from`. */
  sent(from: SimMember, message: Message): void {
    if (this.#armed.length === 0) return;
    const moment = momentOf(message);
    if (moment === null) return;
    const to = this.#shard.members.find(({ id }) => id === message.to) ?? null;
    this.came(moment, from, to);
    const { type } = message;
    if (type === 'append' && message.entries.some(({ kind }) => kind === ENTRY_CONFIG)) {
      this.came('config', from, to);
    }
  }

  /** `moment` has come. */
  came(moment: Moment, from: SimMember, to: SimMember | null): void {
    const at = this.#armed.findIndex((armed) => armed.moment === moment);
    if (at < 0) return;
    const [{ untilMs, deed }] = this.#armed.splice(at, 1);
    // not now: the member is in the middle of something
    if (untilMs >= this.#shard.world.nowMs) this.#shard.world.after(0, () => deed(from, to));
  }
}

function momentOf(message: Message): Moment | null {
  switch (message.type) {
    case 'timeout-now':
    case 'pre-vote':
    case 'vote':
      return message.type;
    case 'pre-vote-reply':
      return message.granted ? 'pre-vote-granted' : null;
    case 'vote-reply':
      return message.granted ? 'vote-granted' : null;
    case 'append':
      return message.entries.length > 0 ? 'append' : null;
    case 'append-reply':
      return message.accepted ? 'append-accepted' : null;
    default:
      return null;
  }
}
