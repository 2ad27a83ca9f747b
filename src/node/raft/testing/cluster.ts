/**
 * Test support: a whole Raft group in one thread, from one seed: members with drifting clocks and crashing
 * processes, disks, and a network that loses, delays, doubles and reorders. Every call into a member is
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
  /** Counts starts: work planned for an earlier process is dropped. */
  incarnation = 0;
  /** True time until which the process does nothing. */
  pausedUntilMs = 0;
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

  localMs(): number {
    return this.clockOffsetMs + this.#schedule.nowMs * this.clockRate;
  }
}

export class Cluster {
  readonly random: Prng;
  readonly schedule = new Schedule();
  readonly members: SimulatedMember[] = [];
  readonly checker: Checker;
  weather: Weather = CALM;
  /** "from>to" pairs that carry nothing. */
  readonly cut = new Set<string>();
  readonly #ids = new MemberIds();
  readonly #writer = new ByteWriter();

  constructor(seed: number) {
    this.random = new Prng(seed);
    this.checker = new Checker(() => this.members);
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
      votePort: NO_PULSE,
    };
    member.raft = new Raft(options, member.disk.recover(member.initial), member.localMs());
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
    const result = work(raft, member.localMs());
    this.#drain(member, raft);
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
      raft.applied(ready.committed.at(-1)?.index ?? 0);
    }
  }

  #planSync(member: SimulatedMember): void {
    const { syncMs, stall, stallMs } = this.weather;
    const takesMs = this.random.below(1 + (this.random.chance(stall) ? stallMs : syncMs));
    const { nowMs } = this.schedule;
    member.diskIdleAtMs = Math.max(member.diskIdleAtMs, nowMs + takesMs);
    this.#plan(member, member.diskIdleAtMs - nowMs, () => {
      const seq = member.disk.sync();
      this.call(member, (raft, localMs) => raft.persisted(seq, localMs));
    });
  }

  #send(member: SimulatedMember, message: Message): void {
    this.checker.leaving(member, message);
    const { random, weather } = this;
    if (this.cut.has(`${message.from}>${message.to}`) || random.chance(weather.loss)) return;
    const receiver = this.members.find(({ id }) => id === message.to);
    if (receiver === undefined) return;
    this.#writer.clear();
    encodeMessage(message, this.#writer);
    const bytes = this.#writer.copy();
    for (let copies = random.chance(weather.duplicate) ? 2 : 1; copies > 0; copies--) {
      const late = random.chance(weather.late);
      const delayMs = (random.below(1001) / 1000) * (late ? weather.lateMs : weather.delayMs);
      // Whoever runs there when it comes gets it.
      this.schedule.after(delayMs, () => this.#deliver(receiver, bytes));
    }
  }

  #deliver(receiver: SimulatedMember, bytes: Uint8Array): void {
    if (receiver.pausedUntilMs > this.schedule.nowMs) {
      const waitMs = receiver.pausedUntilMs - this.schedule.nowMs;
      this.schedule.after(waitMs, () => this.#deliver(receiver, bytes));
      return;
    }
    this.call(receiver, (raft, localMs) => raft.step(decodeMessage(bytes, this.#ids), localMs));
  }

  #tickFrom(member: SimulatedMember, incarnation: number): void {
    this.#plan(member, TICK_MS, () => {
      this.call(member, (raft, localMs) => raft.tick(localMs));
      this.#tickFrom(member, incarnation);
    });
  }

  /** Work of the member's present process; it waits while that is paused and dies with it. */
  #plan(member: SimulatedMember, delayMs: number, run: () => void): void {
    const { incarnation } = member;
    const start = (): void => {
      if (member.raft === null || member.incarnation !== incarnation) return;
      const waitMs = member.pausedUntilMs - this.schedule.nowMs;
      if (waitMs > 0) this.schedule.after(waitMs, start);
      else run();
    };
    this.schedule.after(delayMs, start);
  }
}
