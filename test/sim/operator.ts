/**
 * The operator as a shard sees it: replaces members whose disk is lost by new ones on empty disks, with new memberIds,
 * and now and then makes the shard larger or smaller; always by two steps of one member each (DESIGN §3). What it
 * knows is what leaders say; it may be asked nothing for a while, and start again at any step.
 */
import type { MembershipChange } from '#node/raft/membership.ts';
import { majorityOf } from '#node/raft/quorum.ts';
import type { Kind, SimMember } from './member.ts';
import type { SimShard } from './shard.ts';

const MOST_VOTERS = 5;

export class Operator {
  readonly #shard: SimShard;
  /** Which new member takes the place of which. */
  readonly #replacements = new Map<SimMember, SimMember>();
  /** A member that is to come or to go by plan. */
  #joining: SimMember | null = null;
  #leaving: SimMember | null = null;
  /** Changes that leaders have taken. */
  changes = 0;
  /** Told before each change that a leader has taken is sent to anyone. */
  onChange: (leader: SimMember, change: MembershipChange) => void = () => {};

  constructor(shard: SimShard) {
    this.#shard = shard;
  }

  /** Members that are in the shard, or on their way into it. */
  get members(): SimMember[] {
    return this.#shard.members.filter(({ retired }) => !retired);
  }

  /** Nothing is left to be done. */
  get idle(): boolean {
    const busy = this.#joining !== null || this.#leaving !== null || this.#setBack().length > 0;
    return !busy && this.members.every(({ lost }) => !lost);
  }

  /** Members that a leader has found to lack what they had acknowledged: they must come back under new memberIds. */
  #setBack(): SimMember[] {
    const progress = this.#leader()?.member?.raft.progress() ?? [];
    const ids = new Set(progress.filter(({ lostLog }) => lostLog).map(({ id }) => id));
    return this.members.filter(({ id, lost }) => ids.has(id) && !lost);
  }

  /** May this member's disk be lost, with a majority of every membership that counts anywhere left? */
  mayLose(place: SimMember): boolean {
    if (place.lost || place.retired) return false;
    const gone = new Set([place.id]);
    for (const { id, lost, damaged } of this.#shard.members) if (lost || damaged) gone.add(id);
    for (const { voters, learners } of this.#shard.memberships()) {
      // who only listens may be made a voter before anybody knows that it is gone
      const all = learners.includes(place.id) ? [...voters, place.id] : voters;
      const left = all.filter((id) => !gone.has(id)).length;
      if (left < majorityOf(all.length)) return false;
    }
    return true;
  }

  /** Plans for one more member. */
  grow(kind: Kind): boolean {
    const leader = this.#leader();
    const voters = leader?.member?.raft.membership.voters.length ?? MOST_VOTERS;
    if (this.#joining !== null || voters >= MOST_VOTERS || !this.idle) return false;
    this.#joining = this.#shard.add(kind);
    this.#shard.start(this.#joining);
    return true;
  }

  /** Plans for one less. */
  shrink(place: SimMember): boolean {
    if (this.#leaving !== null || place.lost || !this.idle) return false;
    const others = this.members.filter((other) => other !== place);
    if (others.length < 3 || !others.some(({ kind }) => kind === 'data')) return false;
    this.#leaving = place;
    return true;
  }

  /** One look at the shard, and at most one step. */
  step(): void {
    const leader = this.#leader();
    if (leader === null) return;
    for (const place of this.#setBack()) this.#giveUp(place, 'was set back, and goes');
    // whose disk a fault has damaged is not let in: with who is lost already that would be one too many
    for (const place of [this.#joining, ...this.#replacements.values()]) {
      if (place?.damaged === true && !this.#votes(place))
        this.#giveUp(place, 'is damaged, and goes');
    }
    for (const place of this.members) if (place.lost) this.#replace(leader, place);
    if (this.#joining !== null && this.#admit(leader, this.#joining)) this.#joining = null;
    const leaving = this.#leaving;
    if (leaving !== null && !leaving.lost && this.#dismiss(leader, leaving)) this.#leaving = null;
    if (leaving?.lost === true) this.#leaving = null;
  }

  #giveUp(place: SimMember, why: string): void {
    if (place.lost) return;
    place.lost = true;
    this.#shard.observer.note(place, why);
    this.#shard.crash(place);
  }

  #votes({ id }: SimMember): boolean {
    return this.#shard.memberships().some(({ voters }) => voters.includes(id));
  }

  /** A member that was still on its way in is only taken out again. */
  #replace(leader: SimMember, lost: SimMember): void {
    const newcomer = [...this.#replacements.values()].includes(lost) || this.#joining === lost;
    if (newcomer) {
      if (!this.#dismiss(leader, lost)) return;
      if (this.#joining === lost) this.#joining = null;
      for (const [old, by] of this.#replacements) if (by === lost) this.#replacements.delete(old);
      return;
    }
    let place = this.#replacements.get(lost);
    if (place?.lost === true) return;
    if (place === undefined) {
      place = this.#shard.add(lost.kind);
      this.#replacements.set(lost, place);
      this.#shard.start(place);
    }
    if (this.#admit(leader, place) && this.#dismiss(leader, lost)) this.#replacements.delete(lost);
  }

  /** True when the member votes. */
  #admit(leader: SimMember, place: SimMember): boolean {
    const { raft } = leader.member ?? { raft: null };
    if (raft === null) return false;
    const { voters, learners } = raft.membership;
    if (voters.includes(place.id)) return raft.configIndex <= raft.commitIndex;
    const kind = learners.includes(place.id) ? 'promote' : 'add-learner';
    this.#propose(leader, { kind, id: place.id });
    return false;
  }

  /** True when the member is out. */
  #dismiss(leader: SimMember, place: SimMember): boolean {
    const { raft } = leader.member ?? { raft: null };
    if (raft === null) return false;
    const { voters, learners } = raft.membership;
    if (!voters.includes(place.id) && !learners.includes(place.id)) {
      if (raft.configIndex > raft.commitIndex || this.#isKnown(place)) return false;
      this.#retire(place);
      return true;
    }
    if (leader === place) this.#handOver(leader);
    else this.#propose(leader, { kind: 'remove', id: place.id });
    return false;
  }

  /** Some other member thinks that it is in the shard. */
  #isKnown(place: SimMember): boolean {
    const { id } = place;
    return this.#shard
      .memberships(place)
      .some(({ voters, learners }) => voters.includes(id) || learners.includes(id));
  }

  /** It goes on for a while, as a pod does that is to be deleted. */
  #retire(place: SimMember): void {
    place.retired = true;
    const { world } = this.#shard;
    world.after(world.between(0, 400), () => {
      if (place.member !== null) this.#shard.crash(place, false);
    });
  }

  #propose(leader: SimMember, change: MembershipChange): void {
    const nowMs = leader.clock.monotonicMs();
    const outcome = this.#shard.ask(leader, ({ raft }) => {
      const proposed = raft.proposeMembership(change, raft.configIndex, nowMs);
      if ('index' in proposed) this.onChange(leader, change);
      return proposed;
    });
    if (outcome === null || !('index' in outcome)) return;
    this.changes++;
    const name = this.#shard.members.find(({ id }) => id === change.id)?.name ?? change.id;
    this.#shard.observer.note(leader, `proposes to ${change.kind} ${name}`);
  }

  #handOver(leader: SimMember): void {
    this.#shard.ask(leader, (member) => {
      const { term, configIndex } = member.raft;
      void member.handOver({ term, configIndex, target: '', timeoutMs: 1000 });
    });
  }

  /** Who says that it leads, of the newest term, and may change the membership. */
  #leader(): SimMember | null {
    const { nowMs } = this.#shard.world;
    let newest: SimMember | null = null;
    for (const place of this.#shard.members) {
      if (place.pausedUntilMs > nowMs || place.member?.raft.ownTermCommitted !== true) continue;
      if (place.member.raft.term > (newest?.member?.raft.term ?? 0)) newest = place;
    }
    return newest;
  }
}
