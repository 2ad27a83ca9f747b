/**
 * Membership: who votes and who only listens. It changes by one member per entry (dissertation §4.1),
 * so that any majority before a change and any after it share a member. A config entry counts from
 * the moment it is in the log, committed or not, and stops counting when it is truncated.
 */
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import { invariant, unreachable } from '#base/invariant.ts';

/** Disjoint lists of memberIds, each in the order in which they joined it. */
export interface Membership {
  readonly voters: readonly string[];
  readonly learners: readonly string[];
}

/** More voters than this have no use, and let quorum.ts count in fixed space. */
export const VOTERS_MAX = 15;

/** One step of {@link Membership}: a newcomer listens, a listener votes, anyone leaves. */
export interface MembershipChange {
  readonly kind: 'add-learner' | 'promote' | 'remove';
  readonly id: string;
}

/** Why a change was refused; nothing happened. */
export type MembershipRefusal =
  /** This member does not lead. */
  | 'NotLeader'
  /** A hand-over is going on. */
  | 'Transferring'
  /** The change was planned from another config index than the present one. */
  | 'StaleConfig'
  /** The present config is not committed yet. */
  | 'ChangePending'
  /** The leader has committed no entry of its own term yet. */
  | 'OwnTermUncommitted'
  /** Who is added is there, who is promoted or removed is not, or the leader is to be removed. */
  | 'InvalidChange'
  /** Who is to be promoted has not got the log yet. */
  | 'NotCaughtUp'
  /** The new voters would have no majority that is in touch and has the log. */
  | 'NoLiveMajority';

/** The outcome of a proposed change: the index of its entry, or why there is none. */
export type MembershipOutcome =
  | { readonly index: number }
  | { readonly refused: MembershipRefusal };

/** `membership` after `change`, or null when it cannot be made. */
export function changeMembership(
  membership: Membership,
  change: MembershipChange,
): Membership | null {
  const { voters, learners } = membership;
  const { id } = change;
  switch (change.kind) {
    case 'add-learner':
      if (id === '' || voters.includes(id) || learners.includes(id)) return null;
      return { voters, learners: [...learners, id] };
    case 'promote':
      if (!learners.includes(id) || voters.length >= VOTERS_MAX) return null;
      return { voters: [...voters, id], learners: learners.filter((learner) => learner !== id) };
    case 'remove':
      if (voters.length === 1 && voters[0] === id) return null;
      if (!voters.includes(id) && !learners.includes(id)) return null;
      return {
        voters: voters.filter((voter) => voter !== id),
        learners: learners.filter((learner) => learner !== id),
      };
    default:
      return unreachable(change.kind);
  }
}

/** The payload of a config entry: two counted lists of strings. */
export function encodeMembership(membership: Membership): Uint8Array {
  const writer = new ByteWriter(256);
  for (const list of [membership.voters, membership.learners]) {
    writer.uint16(list.length);
    for (const id of list) writer.string(id);
  }
  return writer.copy();
}

/** The inverse of {@link encodeMembership}; the payload comes from a checksummed log. */
export function decodeMembership(payload: Uint8Array): Membership {
  const reader = new ByteReader(payload);
  const voters = readList(reader);
  const learners = readList(reader);
  invariant(reader.left === 0 && voters.length > 0, 'a config entry holds a membership');
  return { voters, learners };
}

/**
 * The memberships that the log says, oldest first: the newest one counts, those before it are needed
 * until they cannot come back by truncation and nobody asks what held at an entry that was not applied yet.
 */
export class MembershipHistory {
  /** Ascending by index; never empty. */
  readonly #steps: { readonly index: number; readonly membership: Membership }[];

  /** `base` is what holds at the log's beginning, said by the entry `index`; 0 for the first membership of all. */
  constructor(index: number, base: Membership) {
    this.#steps = [{ index, membership: base }];
  }

  get current(): Membership {
    return this.#steps[this.#steps.length - 1].membership;
  }

  /** The index of the entry that says the current membership; 0 for the initial one. */
  get index(): number {
    return this.#steps[this.#steps.length - 1].index;
  }

  /** A config entry came into the log. */
  add(index: number, membership: Membership): void {
    invariant(index > this.index, 'config entries come in order');
    this.#steps.push({ index, membership });
  }

  /** The log was cut: entries `from` and above are gone. */
  truncate(from: number): void {
    while (this.index >= from) {
      invariant(this.#steps.length > 1, 'the membership of the log’s beginning stays');
      this.#steps.pop();
    }
  }

  /** Everything up to `index` is applied: what came before the last such step is not needed. */
  applied(index: number): void {
    while (this.#steps.length > 1 && this.#steps[1].index <= index) this.#steps.shift();
  }

  /** What held when `index` had been appended and nothing after it; of no index before what is applied. */
  at(index: number): { readonly configIndex: number; readonly membership: Membership } {
    let at = this.#steps.length - 1;
    while (at > 0 && this.#steps[at].index > index) at--;
    const { index: configIndex, membership } = this.#steps[at];
    invariant(configIndex <= index, 'the membership at that index is known');
    return { configIndex, membership };
  }

  /** A snapshot takes the place of the log. */
  restart(index: number, base: Membership): void {
    this.#steps.length = 0;
    this.#steps.push({ index, membership: base });
  }
}

function readList(reader: ByteReader): string[] {
  const list: string[] = [];
  for (let count = reader.uint16(); count > 0; count--) list.push(reader.string());
  return list;
}
