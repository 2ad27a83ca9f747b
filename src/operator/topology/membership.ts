/**
 * Who votes in a shard, brought to who should: the next step, decided from what its members say. Pure; the operator
 * and local mode both go by it, one step at a time, and look again.
 *
 *   empty disk → join → add-learner → (catches up) → promote → remove the memberId that it takes the place of
 *
 * Invariants:
 * - a member's name stays, its memberId does not: an old one is removed only when the new one of that name is a
 *   voter by committed config, and never while it may be the one of a member that just does not answer;
 * - every step names the config index and term that it was planned from, and the next waits until it is committed;
 * - no step makes the shard depend on voters that are not in touch: then it waits, and says so. A shard that lost
 *   its majority is a person's business.
 */

/** What of a member's status matters here. */
export interface SeatStatus {
  readonly memberId: string;
  readonly formed: boolean;
  readonly term: number;
  /** memberId of the known leader, or ''. */
  readonly leader: string;
  readonly lease: boolean;
  readonly commitIndex: number;
  readonly configIndex: number;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  /** What a leader knows of the others; members of an earlier version do not say. */
  readonly followers?: readonly SeatFollower[];
}

export interface SeatFollower {
  readonly memberId: string;
  readonly name: string;
  readonly caughtUp: boolean;
  readonly lostLog: boolean;
}

/** A member that the shard is to have, and what it says; null when it does not answer. */
export interface Seat {
  readonly name: string;
  readonly status: SeatStatus | null;
}

/** The first voters, as the bootstrap record names them. */
export interface FirstVoters {
  readonly voters: readonly { readonly name: string; readonly memberId: string }[];
}

export interface MembershipChangeStep {
  readonly step: 'change';
  /** Name of the leader, who is to be asked. */
  readonly leader: string;
  readonly change: 'add-learner' | 'promote' | 'remove';
  readonly memberId: string;
  /** Name of the member that it concerns; '' when nobody knows it any more. */
  readonly member: string;
  readonly configIndex: number;
  readonly term: number;
}

export type MembershipStep =
  /** Whoever answers is a voter, and nobody else is that should not be. */
  | { readonly step: 'settled' }
  /** Nobody leads, by what the members say: nothing can be changed, and nothing is known for sure. */
  | { readonly step: 'leaderless' }
  | { readonly step: 'wait'; readonly why: string }
  /** Give this empty disk the bootstrap record, by which it joins. */
  | { readonly step: 'join'; readonly member: string }
  | MembershipChangeStep
  /** Tell this member to give up its memberId and start anew with an empty disk. */
  | {
      readonly step: 'set-aside';
      readonly member: string;
      readonly memberId: string;
      readonly reason: 'removed' | 'lost-log';
      readonly configIndex: number;
      readonly term: number;
    };

export function nextMembershipStep(record: FirstVoters, seats: readonly Seat[]): MembershipStep {
  const leader = leaderAmong(seats);
  if (leader === null) return { step: 'leaderless' };
  const { configIndex, commitIndex } = leader.status;
  if (configIndex > commitIndex) {
    return { step: 'wait', why: `the change at ${configIndex} is not committed yet` };
  }
  const planner = new Planner(record, seats, leader);
  return (
    planner.setAside() ??
    planner.removeLearner() ??
    planner.removeVoter() ??
    planner.promote() ??
    planner.addLearner() ??
    planner.join() ?? { step: 'settled' }
  );
}

/** The member that leads by what the members say, of whatever kind; the newest term wins. */
export function leaderAmong(seats: readonly Seat[]): AnsweringSeat | null {
  let found: AnsweringSeat | null = null;
  for (const { name, status } of seats) {
    if (status === null || status.leader !== status.memberId || !status.lease) continue;
    if (found === null || status.term > found.status.term) found = { name, status };
  }
  return found;
}

export interface AnsweringSeat extends Seat {
  readonly status: SeatStatus;
}

/** One look at a shard that has a leader and a committed config. */
class Planner {
  readonly #record: FirstVoters;
  readonly #seats: readonly Seat[];
  readonly #answering: readonly AnsweringSeat[];
  readonly #leader: AnsweringSeat;
  readonly #voters: readonly string[];
  readonly #learners: readonly string[];
  readonly #followers: ReadonlyMap<string, SeatFollower>;

  constructor(record: FirstVoters, seats: readonly Seat[], leader: AnsweringSeat) {
    this.#record = record;
    this.#seats = seats;
    this.#answering = seats.flatMap(({ name, status }) => (status ? [{ name, status }] : []));
    this.#leader = leader;
    this.#voters = leader.status.voters;
    this.#learners = leader.status.learners;
    const followers = leader.status.followers ?? [];
    this.#followers = new Map(followers.map((follower) => [follower.memberId, follower]));
  }

  /** Who was removed, or has not got what it once acknowledged, must not go on under its memberId. */
  setAside(): MembershipStep | null {
    const { configIndex, term } = this.#leader.status;
    for (const { name, status } of this.#answering) {
      const { memberId, formed } = status;
      if (!formed) continue;
      const lost = this.#followers.get(memberId)?.lostLog === true;
      const thinksItIsIn = status.voters.includes(memberId) || status.learners.includes(memberId);
      const removed = thinksItIsIn && !this.#isMember(memberId);
      if (lost && !this.#canGoOn(this.#voters)) {
        return { step: 'wait', why: `${name} lost its log, and too few others are in touch` };
      }
      if (!lost && !removed) continue;
      const reason = removed ? 'removed' : 'lost-log';
      return { step: 'set-aside', member: name, memberId, reason, configIndex, term };
    }
    return null;
  }

  /** A learner whose disk was lost before it was promoted. */
  removeLearner(): MembershipStep | null {
    const gone = this.#learners.find((memberId) => {
      const seat = this.#seatOf(memberId);
      return seat === null ? this.#allVote() : this.#isTaken(seat, memberId);
    });
    return gone === undefined ? null : this.#change('remove', gone, this.#nameOf(gone));
  }

  /** A voter whose place another memberId has taken, which votes by now. */
  removeVoter(): MembershipStep | null {
    const gone = this.#voters.find((memberId) => {
      const seat = this.#seatOf(memberId);
      if (seat === null) return this.#allVote();
      const successor = seat.status?.memberId ?? '';
      return this.#isTaken(seat, memberId) && this.#voters.includes(successor);
    });
    if (gone === undefined) return null;
    const name = this.#nameOf(gone);
    if (!this.#canGoOn(this.#voters.filter((voter) => voter !== gone))) {
      return { step: 'wait', why: `too few voters are in touch to remove ${gone} of ${name}` };
    }
    return this.#change('remove', gone, name);
  }

  /** A learner that has the log. With one more voter a majority may need one more, so all that counts is live. */
  promote(): MembershipStep | null {
    const waiting = this.#answering.filter(({ status }) =>
      this.#learners.includes(status.memberId),
    );
    const ready = waiting.find(
      ({ status }) => this.#followers.get(status.memberId)?.caughtUp === true,
    );
    if (ready !== undefined) {
      const { memberId } = ready.status;
      if (this.#canGoOn([...this.#voters, memberId])) {
        return this.#change('promote', memberId, ready.name);
      }
      return { step: 'wait', why: `too few voters are in touch to promote ${ready.name}` };
    }
    // others may join meanwhile
    const [behind] = waiting;
    if (behind === undefined) return null;
    const next = this.addLearner() ?? this.join();
    return next ?? { step: 'wait', why: `${behind.name} catches up` };
  }

  /**
   * A disk that has the bootstrap record and is not known to the shard. While its member is still opening its log it
   * names no voters: then it may as well be one that was removed.
   */
  addLearner(): MembershipStep | null {
    const joined = this.#answering.find(
      ({ status }) => status.formed && status.voters.length > 0 && !this.#isMember(status.memberId),
    );
    if (joined === undefined) return null;
    return this.#change('add-learner', joined.status.memberId, joined.name);
  }

  /** An empty disk that is none of the first voters'. */
  join(): MembershipStep | null {
    const empty = this.#answering.find(
      ({ status }) =>
        !status.formed && !this.#record.voters.some(({ memberId }) => memberId === status.memberId),
    );
    return empty === undefined ? null : { step: 'join', member: empty.name };
  }

  #change(
    change: MembershipChangeStep['change'],
    memberId: string,
    member: string,
  ): MembershipChangeStep {
    const { configIndex, term } = this.#leader.status;
    const leader = this.#leader.name;
    return { step: 'change', leader, change, memberId, member, configIndex, term };
  }

  #isMember(memberId: string): boolean {
    return this.#voters.includes(memberId) || this.#learners.includes(memberId);
  }

  /** Would `voters` have a majority that is in touch and has the log? */
  #canGoOn(voters: readonly string[]): boolean {
    const live = voters.filter((id) => {
      const follower = this.#followers.get(id);
      const good = follower !== undefined && follower.caughtUp && !follower.lostLog;
      return id === this.#leader.status.memberId || good;
    });
    return live.length > voters.length / 2;
  }

  /** Where `memberId` sits or sat; null when that is not known, or there is no such member any more. */
  #seatOf(memberId: string): Seat | null {
    const sits = this.#answering.find(({ status }) => status.memberId === memberId);
    if (sits !== undefined) return sits;
    const name = this.#nameOf(memberId);
    return this.#seats.find((seat) => seat.name === name) ?? null;
  }

  /** Somebody else answers from where `memberId` was. */
  #isTaken({ status }: Seat, memberId: string): boolean {
    return status !== null && status.memberId !== memberId;
  }

  /** Whoever is to be a member answers and votes: any other memberId is one too many. */
  #allVote(): boolean {
    return this.#seats.every(
      ({ status }) => status !== null && this.#voters.includes(status.memberId),
    );
  }

  #nameOf(memberId: string): string {
    const sits = this.#answering.find(({ status }) => status.memberId === memberId);
    const first = this.#record.voters.find((voter) => voter.memberId === memberId);
    return sits?.name ?? first?.name ?? this.#followers.get(memberId)?.name ?? '';
  }
}
