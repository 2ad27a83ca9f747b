/**
 * One seed: a shard with a profile, clients, an operator and faults for a while; then everything is mended, and the
 * shard must serve again and hold what it has acknowledged.
 */
import { decodeMessage, MemberIds } from '#node/raft/codec.ts';
import { Prng } from '#base/prng.ts';
import { PEER_FRAME_RAFT } from '#node/shard/ports.ts';
import { Checks, rule } from './checks.ts';
import type { SimConnection } from './client.ts';
import { type Fault, PLAIN_FAULTS, type Scene, startAgain } from './faults.ts';
import { Moments } from './moments.ts';
import { Operator } from './operator.ts';
import { drawProfile, type Profile } from './profile.ts';
import { Readers } from './readers.ts';
import { SCENARIOS } from './scenarios.ts';
import type { SimMember } from './member.ts';
import { SimShard } from './shard.ts';
import { Taint } from './taint.ts';
import { Trace, type TraceLevel } from './trace.ts';
import { converse, Workload } from './workload.ts';

/** How long a mended shard may take to be as it was. */
const MEND_MS = 15_000;
/** How often keyspaces are compared. */
const COMPARE_MS = 40;

export interface RunResult {
  readonly seed: number;
  /** What broke; null when nothing did. */
  readonly failure: string | null;
  readonly traceHash: string;
  readonly events: number;
  readonly acknowledged: number;
  readonly operations: number;
  readonly elections: number;
  /** Replies whose dependence was checked. */
  readonly tainted: number;
  /** Answers to readers of replicas. */
  readonly replicaReads: number;
  readonly changes: number;
  readonly simulatedMs: number;
  readonly checkSteps: number;
  readonly faults: Readonly<Record<string, number>>;
}

export class Run {
  readonly profile: Profile;
  readonly shard: SimShard;
  readonly trace: Trace;
  readonly #seed: number;
  readonly #checks: Checks;
  readonly #taint: Taint;
  readonly #operator: Operator;
  readonly #moments: Moments;
  readonly #faults: Record<string, number> = {};
  readonly #places = new Map<string, SimMember>();
  readonly #ids = new MemberIds();
  #workload: Workload | null = null;
  #readers: Readers | null = null;
  #checkSteps = 0;

  constructor(seed: number, level: TraceLevel, print: (line: string) => void) {
    this.#seed = seed;
    // apart from the world's, so that a profile can be drawn before there is a world
    this.profile = drawProfile(seed, new Prng(seed ^ 0x5eed));
    this.shard = new SimShard(this.profile.shard);
    this.trace = new Trace(this.shard.world, level, print);
    this.#checks = new Checks(this.shard);
    this.#taint = new Taint(this.#checks);
    this.#operator = new Operator(this.shard);
    this.#moments = new Moments(this.shard);
    this.#observe();
  }

  /** Runs it to the end. */
  run(): RunResult {
    let failure: string | null = null;
    try {
      this.#all();
    } catch (error) {
      failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.trace.note('end', failure);
    }
    const history = this.#workload?.history;
    return {
      seed: this.#seed,
      failure,
      traceHash: this.trace.hash,
      events: this.shard.world.events,
      acknowledged: history?.acknowledged ?? 0,
      operations: history?.operations ?? 0,
      elections: this.#checks.elections,
      tainted: this.#taint.checked,
      replicaReads: this.#readers?.reads ?? 0,
      changes: this.#operator.changes,
      simulatedMs: this.shard.world.nowMs,
      checkSteps: this.#checkSteps,
      faults: this.#faults,
    };
  }

  #all(): void {
    const { shard, profile } = this;
    const { world } = shard;
    shard.ready();
    Object.assign(shard.network, profile.network);
    if (shard.pulses !== null) Object.assign(shard.pulses.network, profile.network);
    for (const { disk } of shard.members) disk.syncMs = profile.syncMs;
    const workload = new Workload(shard, profile.workload);
    this.#workload = workload;
    if (profile.readers) this.#readers = new Readers(shard, workload, this.#seed);
    const scene = this.#scene(workload);
    this.#every(COMPARE_MS, () => this.#checks.compareDigests());
    this.#every(profile.operatorMs, () => this.#operator.step());
    this.#breakThings(scene);
    scene.active = false;
    this.#mend();
    this.#serveAgain();
    this.#doWithoutData();
    workload.quietUntilMs = 0;
    world.runUntil(world.nowMs + 200);
    workload.running = false;
    world.runUntil(world.nowMs + 600);
    this.#readAll(workload);
    this.#raiseOnceMore();
    this.#compareAll();
    if (profile.shard.durability === 'async') return;
    this.#checkSteps = workload.history.check(profile.wallJumps ? Infinity : 25);
  }

  #scene(workload: Workload): Scene {
    const { shard, profile } = this;
    const { world } = shard;
    return {
      shard,
      world,
      operator: this.#operator,
      moments: this.#moments,
      electionMs: profile.shard.electionTimeoutMs ?? 200,
      syncMs: profile.syncMs,
      wallJumps: profile.wallJumps,
      lull: (durationMs) => {
        workload.quietUntilMs = world.nowMs + durationMs;
      },
      active: true,
      did: (name) => {
        this.#faults[name] = (this.#faults[name] ?? 0) + 1;
      },
    };
  }

  #breakThings(scene: Scene): void {
    const { world } = this.shard;
    const faults = [...PLAIN_FAULTS, ...SCENARIOS].filter(() =>
      world.random.chance(this.profile.faultKinds),
    );
    const total = faults.reduce((sum, { weight }) => sum + weight, 0);
    const endMs = world.nowMs + this.profile.faultMs;
    let scheduleUntilMs = 0;
    while (world.nowMs < endMs) {
      world.runUntil(world.nowMs + world.between(1, this.profile.paceMs));
      if (faults.length === 0) continue;
      const fault = draw(faults, world.random.below(total));
      this.trace.note('!', fault.name);
      const { calm } = fault;
      // one schedule at a time
      if (calm !== undefined && world.nowMs < scheduleUntilMs) continue;
      if (!fault.run(scene)) continue;
      scene.did(fault.name);
      if (calm === undefined) continue;
      scheduleUntilMs = world.nowMs + calm * scene.electionMs;
      if (world.random.chance(0.7)) world.runUntil(scheduleUntilMs);
    }
  }

  /** No more faults, and what they broke is whole again. */
  #mend(): void {
    const { shard } = this;
    this.trace.note('!', 'everything is mended');
    this.#moments.disarm();
    this.#operator.onChange = () => {};
    shard.network.heal();
    shard.network.lossChance = 0;
    if (shard.pulses !== null) shard.pulses.network.lossChance = 0;
    for (const place of shard.members) {
      const { disk } = place;
      disk.syncMs = [0.2, 2]; // else a backlog in small parts takes longer than anybody waits
      disk.stuck = false;
      disk.failing = false;
      disk.freeBytes = disk.totalBytes;
      startAgain(shard, place);
    }
  }

  /** Progress: with a majority of disks whole the shard serves, and all are replaced that have to be. */
  #serveAgain(): void {
    const { world } = this.shard;
    const done = world.runWhile(() => {
      for (const place of this.#operator.members) {
        // a bit flip is found at a start; the operator replaces the member, as every other
        startAgain(this.shard, place);
      }
      return this.shard.primary !== undefined && this.#operator.idle;
    }, MEND_MS);
    rule(done, 'a mended shard serves again, and is whole', () => this.#standing());
  }

  /**
   * With one data member and log members: without it the log goes on under a log member, and with it, or with the one
   * that takes its place, the shard serves again.
   */
  #doWithoutData(): void {
    const { shard } = this;
    const { world } = shard;
    const data = this.#operator.members.filter(({ kind }) => kind === 'data');
    if (data.length !== 1 || this.#operator.members.length < 3) return;
    const [place] = data;
    place.lost = world.random.chance(0.5) && this.#operator.mayLose(place);
    shard.observer.note(place, place.lost ? 'loses its disk' : 'is away');
    shard.crash(place);
    const leads = world.runWhile(
      () =>
        // what crashed it before may have planned to start it again
        place.member !== null ||
        shard.members.some(
          ({ kind, member }) => kind === 'log' && member?.raft.ownTermCommitted === true,
        ),
      MEND_MS,
    );
    rule(leads, 'log members go on without the data member', () => this.#standing());
    this.#serveAgain();
  }

  /** Everything is read once more: what was acknowledged and not overwritten is there. */
  #readAll(workload: Workload): void {
    const { shard } = this;
    const { world } = shard;
    let left = workload.history.tags.length;
    for (const tag of workload.history.tags) {
      const ask = (): void => {
        const place = shard.primary;
        const connection: SimConnection | null = place === undefined ? null : shard.connect(place);
        if (connection === null) {
          world.after(20, ask);
          return;
        }
        converse(shard, connection, workload.reading(tag), workload.history, ({ trouble }) => {
          if (trouble) world.after(20, ask);
          else left--;
        });
      };
      ask();
    }
    const done = world.runWhile(() => left === 0, MEND_MS);
    rule(done, 'a mended shard answers', () => this.#standing());
  }

  /** The counters that replicas showed are at least as high as they were shown. */
  #raiseOnceMore(): void {
    const readers = this.#readers;
    if (readers === null) return;
    const { raised } = readers;
    // one that was sent before everything was whole may have known less
    const done = this.shard.world.runWhile(() => readers.raised >= raised + 2, MEND_MS);
    rule(done, 'a mended shard counts on', () => this.#standing());
    readers.running = false;
    this.shard.world.runUntil(this.shard.world.nowMs + 600);
  }

  /** All members have the same log and the same keyspace, and nothing committed is missing. */
  #compareAll(): void {
    const { world } = this.shard;
    const level = world.runWhile(() => {
      const indexes = this.#operator.members.map(({ member }) =>
        member !== null && member.applier.caughtUp ? member.raft.commitIndex : -1,
      );
      const committed = this.#checks.committed.length;
      return indexes.every((index) => index === committed);
    }, MEND_MS);
    rule(level, 'members of a mended shard come level', () => this.#standing());
    this.#checks.compareLogs();
    this.#checks.compareDigests();
    for (const place of this.#operator.members) {
      if (place.member !== null) this.#checks.compareCommitted(place, place.member.raft);
    }
  }

  #standing(): unknown {
    return this.shard.members.map(({ name, member, lost, retired }) => {
      if (member === null) return `${name} ${lost ? 'lost' : retired ? 'retired' : 'down'}`;
      const { raft } = member;
      const { voters, learners } = raft.membership;
      const names = (ids: readonly string[]): string =>
        ids.map((id) => this.shard.nameOf(id)).join('');
      return (
        `${name} ${raft.role} of ${raft.term} ${member.state} commit ${raft.commitIndex}` +
        ` applied ${member.applier.appliedIndex} last ${raft.lastIndex}` +
        ` members ${names(voters)}+${names(learners)}`
      );
    });
  }

  #every(paceMs: number, run: () => void): void {
    const { world } = this.shard;
    const again = (): void => {
      run();
      world.after(paceMs, again);
    };
    world.after(paceMs, again);
  }

  #observe(): void {
    const { shard, trace } = this;
    const checks = this.#checks;
    const taints = this.profile.shard.durability !== 'async';
    shard.observer = {
      started: (place) => this.#started(place, taints),
      looked: (place, member) => {
        trace.mix(member.raft.lastIndex, member.raft.commitIndex);
        checks.look(place, member);
      },
      stateChanged: (place, state) => {
        if (state !== 'primary' || place.member === null) return;
        checks.serves(place, place.member);
        this.#taint.serves(place);
        this.#moments.came('primary', place, null);
      },
      connected: (place, connection) => {
        if (taints && place.member !== null) {
          this.#taint.connected(place, place.member, connection, false);
        }
      },
      differs: (place, index) => checks.differs(place, index),
      note: (place, event) => trace.note(place.name, event),
    };
    shard.network.onSent = (from, to, type, bytes) => {
      const place = this.#place(from);
      if (type !== PEER_FRAME_RAFT || place === null) return;
      const message = decodeMessage(bytes, this.#ids);
      trace.detail(place.name, () => `→ ${shard.nameOf(to)} ${JSON.stringify(brief(message))}`);
      checks.leaving(place, message);
      this.#moments.sent(place, message);
    };
    shard.network.onArrived = (_from, _to, type, bytes) => {
      if (type === PEER_FRAME_RAFT && bytes[0] === PRE_VOTE_REPLY) {
        checks.arriving(decodeMessage(bytes, this.#ids));
      }
    };
    // as a kubelet does
    shard.onStopped = (place) => {
      shard.world.after(shard.world.between(20, 300), () => startAgain(shard, place));
    };
    for (const place of shard.members) this.#started(place, taints);
  }

  #started(place: SimMember, taints: boolean): void {
    const { member, disk } = place;
    this.#places.set(place.id, place);
    disk.onPersist = (request) => this.#checks.persisting(request);
    this.trace.note(place.name, `starts with ${disk.lastIndex} entries`);
    if (member !== null && taints) this.#taint.watch(place, member);
  }

  #place(id: string): SimMember | null {
    return this.#places.get(id) ?? null;
  }
}

/** The wire code of a message type that is looked at when it arrives. */
const PRE_VOTE_REPLY = 2;

/** A message for people. */
function brief(message: ReturnType<typeof decodeMessage>): unknown {
  const { from: _from, to: _to, ...rest } = message;
  if (rest.type !== 'append') return rest;
  return { ...rest, entries: rest.entries.map(({ index, term, kind }) => [index, term, kind]) };
}

function draw(faults: readonly Fault[], at: number): Fault {
  let left = at;
  for (const fault of faults) {
    left -= fault.weight;
    if (left < 0) return fault;
  }
  return faults[0];
}

/** Runs a seed. */
export function runSeed(
  seed: number,
  level: TraceLevel = 'none',
  print: (line: string) => void = () => {},
): RunResult {
  return new Run(seed, level, print).run();
}
