/**
 * Test support: a whole Raft group in one thread, from one seed: members with drifting clocks and crashing
 * processes, disks, pulses, and a network that loses, delays, doubles and reorders. Every call into a member is
 * followed by the checks of checker.ts.
 */
import { ByteWriter } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { decodeMessage, encodeMessage, MemberIds } from '#node/raft/codec.ts';
import type { Membership } from '#node/raft/membership.ts';
import type { Message } from '#node/raft/message.ts';
import { NO_PULSE, type RaftOptions } from '#node/raft/options.ts';
import { Raft } from '#node/raft/raft.ts';
import { Checker, type Watched } from './checker.ts';
import { Schedule } from './schedule.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { type PulseMessage, SimulatedPulse } from './simulated-pulse.ts';
import { Snapshots } from './snapshots.ts';

/** How badly the network and the disks behave; chances per message or unit. */
export interface Weather {
  loss: number;
  duplicate: number;
  /** Usual delay of a message: uniform up to this. */
  delayMs: number;
  /** Chance that a message is late instead: uniform up to `lateMs`. */
  late: number;
  lateMs: number;
  /** Usual time of a write and sync: uniform up to this. */
  syncMs: number;
  /** Chance that one takes up to `stallMs` instead. */
  stall: number;
  stallMs: number;
}

export const CALM: Weather = {
  loss: 0,
  duplicate: 0,
  delayMs: 4,
  late: 0,
  lateMs: 0,
  syncMs: 3,
  stall: 0,
  stallMs: 0,
};

export const ELECTION_TIMEOUT_MS = 300;
const TICK_MS = 20;

/** Clocks differ in speed by at most 1.1 / 0.9, within the 1 / 0.8 that a lease allows. */
const CLOCK_DRIFT = 0.1;

export class SimulatedMember implements Watched {
  readonly id: string;
  readonly disk = new SimulatedDisk();
  readonly initial: Membership;
  readonly standDelayMs: number;
  readonly #schedule: Schedule;
  raft: Raft | null = null;
  /** Null where cores alone answer leaders. */
  pulse: SimulatedPulse | null = null;
  /** What its state machine has applied. */
  appliedIndex = 0;
  /** Counts starts: work planned for an earlier process is dropped. */
  incarnation = 0;
  /** True time until which the process does nothing. */
  pausedUntilMs = 0;
  /** True time until which its command thread does nothing; its pulse goes on. */
  stalledUntilMs = 0;
  /** True time at which the disk is done with all it has. */
  diskIdleAtMs = 0;
  clockRate = 1;
  clockOffsetMs = 0;

  constructor(id: string, initial: Membership, standDelayMs: number, schedule: Schedule) {
    this.id = id;
    this.initial = initial;
    this.standDelayMs = standDelayMs;
    this.#schedule = schedule;
  }

  /** True time until which its command thread stands still, for either reason. */
  get busyUntilMs(): number {
    return Math.max(this.pausedUntilMs, this.stalledUntilMs);
  }

  localMs(): number {
    return this.clockOffsetMs + this.#schedule.nowMs * this.clockRate;
  }
}

export class Cluster {
  readonly random: Prng;
  readonly schedule = new Schedule();
  readonly members: SimulatedMember[] = [];
  readonly checker: Checker;
  readonly snapshots = new Snapshots(this);
  /** Members have pulses. */
  readonly pulses: boolean;
  weather: Weather = CALM;
  /** "from>to" pairs that carry nothing. */
  readonly cut = new Set<string>();
  /** The chance that a follower takes in what its pulse heard, at each of its turns. */
  readonly #looks: number;
  readonly #pulseMs: number;
  /** The chance that what a call wants done is done with that of later calls, at the latest of the next tick. */
  readonly #gathers: number;
  readonly #ids = new MemberIds();
  readonly #writer = new ByteWriter();

  constructor(seed: number, { pulses = seed % 3 !== 0 } = {}) {
    this.random = new Prng(seed);
    this.checker = new Checker(() => this.members);
    this.pulses = pulses;
    this.#looks = [0.5, 0.02, 0][this.random.below(3)];
    this.#pulseMs = [30, 120][this.random.below(2)];
    this.#gathers = [0, 0.3, 0.7][this.random.below(3)];
  }

  /** Adds a member with an empty disk and starts it. */
  add(id: string, initial: Membership, standDelayMs = 0): SimulatedMember {
    const member = new SimulatedMember(id, initial, standDelayMs, this.schedule);
    this.members.push(member);
    this.start(member);
    return member;
  }

  start(member: SimulatedMember): void {
    const { random } = this;
    member.incarnation++;
    member.pausedUntilMs = 0;
    member.stalledUntilMs = 0;
    member.diskIdleAtMs = this.schedule.nowMs;
    member.clockRate = 1 + CLOCK_DRIFT * (random.below(3) - 1);
    member.clockOffsetMs = random.below(1_000_000);
    const options: RaftOptions = {
      id: member.id,
      random: new Prng(random.uint32()),
      electionTimeoutMs: ELECTION_TIMEOUT_MS,
      heartbeatMs: 50,
      leaseFraction: 0.8,
      standDelayMs: member.standDelayMs,
      maxAppendBytes: 256,
      maxInFlightBytes: 1024,
      maxCachedBytes: 512,
      reader: member.disk,
      freeBytes: () => 1 << 30,
      votePort: this.#startPulse(member) ?? NO_PULSE,
    };
    const recovered = member.disk.recover(member.initial);
    member.raft = new Raft(options, recovered, member.localMs());
    this.checker.started(member, member.raft, recovered.snapshot);
    this.snapshots.started(member, recovered.snapshot);
    this.#drain(member, member.raft);
    this.#tickFrom(member, member.incarnation);
  }

  crash(member: SimulatedMember): void {
    member.raft = null;
    member.disk.crash(this.random);
  }

  /** Calls into a live member, acts on what it wants done, and checks every rule. */
  call<T>(member: SimulatedMember, work: (raft: Raft, nowMs: number) => T): T | null {
    const { raft } = member;
    if (raft === null) return null;
    const nowMs = member.localMs();
    // the command thread need not look at once; a follower's may be behind by much
    const looks = this.random.chance(raft.role === 'leader' ? 0.5 : this.#looks);
    if (looks) member.pulse?.tell(raft, nowMs);
    const result = work(raft, nowMs);
    if (!this.random.chance(this.#gathers)) this.#drain(member, raft);
    member.pulse?.publish(raft);
    this.checker.step();
    return result;
  }

  /** The live leader of the newest term, or null. */
  leader(): SimulatedMember | null {
    let newest: SimulatedMember | null = null;
    for (const member of this.members) {
      if (member.raft?.role !== 'leader') continue;
      if (newest === null || member.raft.term > (newest.raft?.term ?? 0)) newest = member;
    }
    return newest;
  }

  #drain(member: SimulatedMember, raft: Raft): void {
    for (let ready = raft.takeReady(); ready !== null; ready = raft.takeReady()) {
      if (ready.persist !== null) {
        member.disk.write(ready.persist);
        this.#planSync(member);
      }
      for (const message of ready.messages) this.#send(member, message);
      this.checker.ready(member, raft, ready);
      member.appliedIndex = ready.committed.at(-1)?.index ?? member.appliedIndex;
      raft.applied(member.appliedIndex);
      if (ready.fetch !== null) this.snapshots.fetch(member, ready.fetch);
    }
  }

  #planSync(member: SimulatedMember): void {
    const { syncMs, stall, stallMs } = this.weather;
    const takesMs = this.random.below(1 + (this.random.chance(stall) ? stallMs : syncMs));
    const { nowMs } = this.schedule;
    member.diskIdleAtMs = Math.max(member.diskIdleAtMs, nowMs + takesMs);
    this.plan(member, member.diskIdleAtMs - nowMs, () => {
      const seq = member.disk.sync();
      this.call(member, (raft, localMs) => raft.persisted(seq, localMs));
    });
  }

  #send(member: SimulatedMember, message: Message): void {
    this.checker.leaving(member, message);
    this.#writer.clear();
    encodeMessage(message, this.#writer);
    const bytes = this.#writer.copy();
    this.#carry(message, (receiver) => this.#deliver(receiver, bytes));
  }

  /** The network takes a message from one member to another, if it does, and maybe twice. */
  #carry(
    { from, to }: { readonly from: string; readonly to: string },
    deliver: (receiver: SimulatedMember) => void,
  ): void {
    const { random, weather } = this;
    if (this.cut.has(`${from}>${to}`) || random.chance(weather.loss)) return;
    const receiver = this.members.find(({ id }) => id === to);
    if (receiver === undefined) return;
    for (let copies = random.chance(weather.duplicate) ? 2 : 1; copies > 0; copies--) {
      const late = random.chance(weather.late);
      const delayMs = (random.below(1001) / 1000) * (late ? weather.lateMs : weather.delayMs);
      // Whoever runs there when it comes gets it.
      this.schedule.after(delayMs, () => deliver(receiver));
    }
  }

  #deliver(receiver: SimulatedMember, bytes: Uint8Array): void {
    const waitMs = receiver.busyUntilMs - this.schedule.nowMs;
    if (waitMs > 0) {
      this.schedule.after(waitMs, () => this.#deliver(receiver, bytes));
      return;
    }
    this.call(receiver, (raft, localMs) => raft.step(decodeMessage(bytes, this.#ids), localMs));
  }

  #tickFrom(member: SimulatedMember, incarnation: number): void {
    this.plan(member, TICK_MS, () => {
      this.call(member, (raft, localMs) => raft.tick(localMs));
      if (member.raft !== null) this.#drain(member, member.raft);
      this.#tickFrom(member, incarnation);
    });
  }

  #startPulse(member: SimulatedMember): SimulatedPulse | null {
    member.pulse = null;
    if (!this.pulses) return null;
    const pulse = new SimulatedPulse(
      member.id,
      ELECTION_TIMEOUT_MS,
      this.random,
      () => member.localMs(),
      (message) => this.#sendPulse(message),
      () => this.#hearPulse(member, pulse),
    );
    member.pulse = pulse;
    const beat = (): void => {
      pulse.beat(this.members.map(({ id }) => id));
      this.plan(member, this.#pulseMs, beat, 'pulse');
    };
    this.plan(member, this.#pulseMs, beat, 'pulse');
    return pulse;
  }

  /** Someone's pulse comes without delay, while the command thread of `member` judges a vote. */
  #hearPulse(member: SimulatedMember, pulse: SimulatedPulse): void {
    for (const other of this.members) {
      const { id, raft, pausedUntilMs } = other;
      if (raft === null || pausedUntilMs > this.schedule.nowMs) continue;
      const message = other.pulse?.messageTo(member.id) ?? null;
      if (message !== null && !this.cut.has(`${id}>${member.id}`)) pulse.receive(message);
    }
  }

  #sendPulse(message: PulseMessage): void {
    this.#carry(message, (receiver) => {
      // what comes while the process is paused is there when it goes on
      this.plan(receiver, 0, () => receiver.pulse?.receive(message), 'pulse');
      const longestMs = this.random.chance(0.5) ? 4 : 60;
      for (let steps = 0; steps < 2; steps++) {
        const delayMs = this.random.below(longestMs);
        this.plan(receiver, delayMs, () => receiver.pulse?.work(), 'pulse');
      }
    });
  }

  /** Work of a thread of the member's present process; it waits while that stands still and dies with it. */
  plan(
    member: SimulatedMember,
    delayMs: number,
    run: () => void,
    thread: 'command' | 'pulse' = 'command',
  ): void {
    const { incarnation } = member;
    const start = (): void => {
      if (member.raft === null || member.incarnation !== incarnation) return;
      const untilMs = thread === 'pulse' ? member.pausedUntilMs : member.busyUntilMs;
      const waitMs = untilMs - this.schedule.nowMs;
      if (waitMs > 0) this.schedule.after(waitMs, start);
      else run();
    };
    this.schedule.after(delayMs, start);
  }
}
