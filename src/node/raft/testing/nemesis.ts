/** Test support: what goes wrong in a simulated cluster, and what its operators do meanwhile. */
import { utf8 } from '#base/bytes.ts';
import type { MembershipChange } from '#node/raft/membership.ts';
import type { Cluster, SimulatedMember, Weather } from './cluster.ts';

const VOTERS_WANTED_MAX = 5;

/** How often things were done, to see that a run reached them. */
export interface Deeds {
  proposals: number;
  crashes: number;
  pauses: number;
  partitions: number;
  handOvers: number;
  changes: number;
  stalls: number;
  snapshots: number;
}

export class Nemesis {
  readonly #cluster: Cluster;
  readonly deeds: Deeds = {
    proposals: 0,
    crashes: 0,
    pauses: 0,
    partitions: 0,
    handOvers: 0,
    changes: 0,
    stalls: 0,
    snapshots: 0,
  };
  #members = 0;
  #active = true;
  /** The longest wait between two disturbances. */
  #paceMs = 0;
  /** The chance of a long wait between two proposals. */
  #quiet = 0;
  /** Nothing but stalls and what pulses make of them. */
  #gasping = false;
  /** The longest wait between two snapshots of anyone; 0: none are taken. */
  #snapshotMs = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Forms a group of 1 to 5 voters in some weather, and starts to disturb it. */
  begin({ gasping = false } = {}): void {
    const { random } = this.#cluster;
    this.#gasping = gasping;
    const count = [1, 2, 3, 3, 3, 4, 5][random.below(7)];
    const voters = Array.from({ length: count }, () => this.#nextId());
    this.#cluster.weather = this.#weather();
    this.#paceMs = [60, 200, 600][random.below(3)];
    this.#quiet = [0, 0.03, 0.5][random.below(3)];
    for (const id of voters) {
      this.#cluster.add(id, { voters, learners: [] }, random.chance(0.3) ? 150 : 0);
    }
    this.#snapshotMs = [0, 50, 150, 600][random.below(4)];
    this.#proposeOn();
    this.#disturbOn();
    if (this.#snapshotMs > 0) this.#snapshotOn();
  }

  /** Stops disturbing and mends everything. */
  end(calm: Weather): void {
    const { cut, members } = this.#cluster;
    this.#active = false;
    this.#cluster.weather = calm;
    cut.clear();
    for (const member of members) {
      member.pausedUntilMs = 0;
      member.stalledUntilMs = 0;
      if (member.raft === null) this.#cluster.start(member);
      member.raft?.setFreeToStand(true);
    }
  }

  #weather(): Weather {
    const { random } = this.#cluster;
    return {
      loss: [0, 0.02, 0.1][random.below(3)],
      duplicate: [0, 0.05][random.below(2)],
      delayMs: [2, 10, 60][random.below(3)],
      late: [0, 0.02, 0.05][random.below(3)],
      lateMs: 1500,
      syncMs: [0, 3, 20][random.below(3)],
      stall: [0, 0.01, 0.03][random.below(3)],
      stallMs: 600,
    };
  }

  #proposeOn(): void {
    const { random, schedule, members } = this.#cluster;
    // Now and then nobody writes for a while: only then can a member that is cut off win.
    const quiet = random.chance(this.#quiet);
    schedule.after(1 + random.below(quiet ? 1200 : 30), () => {
      if (!this.#active) return;
      for (const member of members) {
        if (member.raft?.role !== 'leader' || this.#isPaused(member)) continue;
        for (let count = 1 + random.below(3); count > 0; count--) {
          const payload = utf8(`${member.id} ${this.deeds.proposals++}`.padEnd(random.below(60)));
          this.#cluster.call(member, (raft, nowMs) => raft.propose(2, payload, nowMs));
        }
      }
      this.#proposeOn();
    });
  }

  #snapshotOn(): void {
    const { random, schedule, members, snapshots } = this.#cluster;
    schedule.after(10 + random.below(this.#snapshotMs), () => {
      if (!this.#active) return;
      const any = members[random.below(members.length)];
      const member = random.chance(0.5) ? this.#leaderOr(any) : any;
      if (member.raft !== null && !this.#isPaused(member)) {
        this.deeds.snapshots++;
        const dice = random.below(20);
        if (dice < 13) snapshots.take(member);
        else if (dice < 19) snapshots.compact(member);
        else snapshots.give(member);
      }
      this.#snapshotOn();
    });
  }

  #disturbOn(): void {
    const { random, schedule, members } = this.#cluster;
    schedule.after(10 + random.below(this.#paceMs), () => {
      if (!this.#active) return;
      const deed = this.#deeds[random.below(this.#deeds.length)];
      if (this.#gasping) this.#gasp();
      else deed(members[random.below(members.length)]);
      this.#disturbOn();
    });
  }

  readonly #deeds: readonly ((member: SimulatedMember) => void)[] = [
    (member) => this.#crash(member),
    (member) => this.#crash(this.#leaderOr(member)),
    (member) => this.#pause(member),
    (member) => this.#pause(this.#leaderOr(member)),
    (member) => this.#stall(this.#leaderOr(member)),
    () => this.#stallMost(),
    () => this.#gasp(),
    () => this.#gasp(),
    (member) => this.#partition(member),
    (member) => this.#partition(this.#leaderOr(member)),
    (member) => this.#sever(member),
    (member) => this.#sever(member),
    () => this.#forget(),
    () => this.#isolateLeader(),
    () => this.#isolateLeader(),
    () => this.#cluster.cut.clear(),
    () => this.#cluster.cut.clear(),
    () => this.#handOver(),
    () => this.#handOver(),
    () => this.#handOver(),
    () => this.#change(),
    () => this.#change(),
    () => this.#change(),
    () => this.#change(),
    () => this.#change(),
    (member) => this.#doubt(member),
  ];

  #crash(member: SimulatedMember, downMs = 1200): void {
    const { random, schedule } = this.#cluster;
    if (member.raft === null) return;
    this.deeds.crashes++;
    this.#cluster.crash(member);
    const quick = random.chance(0.5);
    schedule.after(random.below(quick ? 20 : downMs), () => {
      if (member.raft === null) this.#cluster.start(member);
    });
  }

  #pause(member: SimulatedMember): void {
    this.deeds.pauses++;
    const { random, schedule } = this.#cluster;
    member.pausedUntilMs = schedule.nowMs + 50 + random.below(900);
  }

  /** The command thread alone stands still, now and then for longer than its pulse may go on. */
  #stall(member: SimulatedMember): void {
    const { random, schedule, pulses } = this.#cluster;
    if (!pulses) return;
    this.deeds.stalls++;
    member.stalledUntilMs = schedule.nowMs + 50 + random.below(random.chance(0.3) ? 1500 : 500);
  }

  /** Many at once: pulses alone hold the group together. */
  #stallMost(): void {
    const { random, members } = this.#cluster;
    for (const member of members) if (random.chance(0.5)) this.#stall(member);
  }

  /**
   * A leader's command thread stands still and nobody hears of it for about an election timeout; then its pulses are
   * back among the votes of those who have begun to stand.
   */
  #gasp(): void {
    const { random, schedule, cut, members, pulses } = this.#cluster;
    const leader = this.#liveLeader();
    if (leader === null || !pulses) return;
    this.deeds.stalls++;
    this.#isolateLeader();
    leader.stalledUntilMs = schedule.nowMs + 300 + random.below(500);
    schedule.after(200 + random.below(400), () => {
      for (const { id } of members) {
        cut.delete(`${leader.id}>${id}`);
        cut.delete(`${id}>${leader.id}`);
      }
    });
  }

  /** Cuts one member off, splits the group, or cuts single directions. */
  #partition(member: SimulatedMember): void {
    const { random, members, cut } = this.#cluster;
    this.deeds.partitions++;
    const kind = random.below(4);
    const side = new Set(members.filter(() => random.chance(0.5)).map(({ id }) => id));
    for (const { id: from } of members) {
      for (const { id: to } of members) {
        const off =
          kind === 0
            ? from === member.id || to === member.id
            : kind === 1
              ? side.has(from) !== side.has(to)
              : kind === 2
                ? (random.chance(0.5) ? from : to) === member.id
                : random.chance(0.3);
        if (off) cut.add(`${from}>${to}`);
      }
    }
  }

  /** Cuts one member off from the leader only, one way or both. */
  #sever(member: SimulatedMember): void {
    const { random, cut } = this.#cluster;
    const leader = this.#leaderOr(member);
    this.deeds.partitions++;
    cut.add(`${leader.id}>${member.id}`);
    if (random.chance(0.5)) cut.add(`${member.id}>${leader.id}`);
  }

  /** While one member is out of the leader's reach and about to stand, the others forget promises. */
  #forget(): void {
    const { random, schedule, members } = this.#cluster;
    const leader = this.#liveLeader();
    if (leader === null) return;
    const lonely = members[random.below(members.length)];
    this.#sever(lonely);
    schedule.after(200 + random.below(400), () => {
      if (!this.#active) return;
      for (const member of members) {
        if (member !== leader && member !== lonely) this.#crash(member, 20);
      }
      this.#isolateLeader();
    });
  }

  #isolateLeader(): void {
    const { cut, members } = this.#cluster;
    const leader = this.#liveLeader();
    if (leader === null) return;
    this.deeds.partitions++;
    for (const { id } of members) {
      cut.add(`${leader.id}>${id}`);
      cut.add(`${id}>${leader.id}`);
    }
  }

  /** Sometimes the target does not hear of it until much later. */
  #handOver(): void {
    const { random } = this.#cluster;
    const leader = this.#liveLeader();
    if (leader === null || leader.raft === null) return;
    const { voters } = leader.raft.membership;
    const target = voters[random.below(voters.length)];
    const started = this.#cluster.call(leader, (raft, nowMs) => raft.transferTo(target, nowMs));
    if (started !== true) return;
    this.deeds.handOvers++;
    if (random.chance(0.3)) {
      const member = this.#cluster.members.find(({ id }) => id === target);
      if (member !== undefined) this.#pause(member);
    }
  }

  #change(): void {
    const { random } = this.#cluster;
    const leader = this.#liveLeader();
    if (leader === null || leader.raft === null) return;
    const { voters, learners } = leader.raft.membership;
    const change = this.#pickChange(voters, learners);
    const stale = random.chance(0.1) ? 1 : 0;
    const outcome = this.#cluster.call(leader, (raft, nowMs) =>
      raft.proposeMembership(change, raft.configIndex - stale, nowMs),
    );
    if (outcome === null || !('index' in outcome)) return;
    this.deeds.changes++;
    if (change.kind === 'add-learner') {
      const initial = this.#cluster.members[0].initial;
      this.#cluster.add(change.id, initial);
    }
  }

  #pickChange(voters: readonly string[], learners: readonly string[]): MembershipChange {
    const { random } = this.#cluster;
    if (learners.length > 0 && voters.length < VOTERS_WANTED_MAX && random.chance(0.8)) {
      return { kind: 'promote', id: learners[random.below(learners.length)] };
    }
    if (learners.length < 2 && random.chance(0.4)) {
      return { kind: 'add-learner', id: this.#nextId() };
    }
    const all = [...voters, ...learners];
    return { kind: 'remove', id: all[random.below(all.length)] };
  }

  /** Small things: a doubtful clock, a stalled disk, a resignation. */
  #doubt(member: SimulatedMember): void {
    const { random } = this.#cluster;
    const leader = this.#leaderOr(member);
    const kind = random.below(3);
    if (kind === 0) {
      this.#cluster.call(leader, (raft, nowMs) => raft.dropLease(nowMs));
    } else if (kind === 1) {
      this.#cluster.call(leader, (raft, nowMs) => raft.stepDown(nowMs));
    } else {
      member.raft?.setFreeToStand(random.chance(0.7));
    }
  }

  #leaderOr(member: SimulatedMember): SimulatedMember {
    return this.#liveLeader() ?? member;
  }

  #liveLeader(): SimulatedMember | null {
    const leader = this.#cluster.leader();
    return leader === null || this.#isPaused(leader) ? null : leader;
  }

  #isPaused(member: SimulatedMember): boolean {
    return member.busyUntilMs > this.#cluster.schedule.nowMs;
  }

  #nextId(): string {
    return `m${++this.#members}`;
  }
}
