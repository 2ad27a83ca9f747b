/**
 * A whole shard in one process: members with simulated disks, links and clocks, and connections of clients. What a
 * crash takes away is the member; its disk stays, until it is lost or found damaged.
 *
 * Everything that happens to a member comes in by {@link SimShard.deliver}: a member that is paused gets it when it
 * goes on, one that was crashed meanwhile never does.
 */
import { invariant } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import { CommandIndex } from '#node/commands/command-index.ts';
import { COMMANDS } from '#node/commands/table.ts';
import type { ShardDescriptor } from '#node/cluster/descriptor.ts';
import { SlotMap } from '#node/cluster/slot-map.ts';
import { NO_PULSE } from '#node/raft/options.ts';
import type { MemberIdentity } from '#node/shard/identity.ts';
import type { Membership } from '#node/raft/membership.ts';
import { Member } from '#node/shard/member.ts';
import type { MemberLimits } from '#node/shard/options.ts';
import type { Settings } from '#node/shard/payload.ts';
import type { Peers } from '#node/shard/ports.ts';
import { SimConnection } from './client.ts';
import { SimDiskError } from './disk-error.ts';
import { type Kind, SimMember } from './member.ts';
import { describe, newId } from './naming.ts';
import { SimNetwork } from './network.ts';
import { SimPulses } from './pulse.ts';
import { LIMITS, PROCESS, SESSION_LIMITS, TICK_MS } from './settings.ts';
import { NO_OBSERVER, type Observer } from './observer.ts';
import { World } from './world.ts';

const COMMAND_INDEX = new CommandIndex(COMMANDS);

export const OPEN_ACCESS: Settings = {
  revision: 1,
  users: [
    {
      name: 'default',
      on: true,
      passwordSha256: [],
      noPassword: true,
      accessString: '~* &* +@all',
    },
  ],
  parameters: {},
};

export interface ShardOptions {
  readonly seed: number;
  /** Kinds of the first voters; two data members and a log member when absent. */
  readonly kinds?: readonly Kind[];
  readonly limits?: Partial<MemberLimits>;
  readonly electionTimeoutMs?: number;
  /** `sync` when absent. */
  readonly durability?: 'sync' | 'async';
  /** By how much a monotonic clock may be fast or slow, as a part of 1; 0.01 when absent. */
  readonly drift?: number;
  /** By how much a wall clock is off, at most. */
  readonly wallErrorMs?: number;
  /** Bytes of entries in one write to a disk. */
  readonly maxBatchBytes?: number;
  /** Members have a pulse, for stalls of up to so long; none when absent. */
  readonly maxStallMs?: number;
}

export class SimShard {
  readonly world: World;
  readonly network: SimNetwork;
  /** Null when members have none. */
  readonly pulses: SimPulses | null;
  /** All there ever were, in the order of their joining. */
  readonly members: SimMember[] = [];
  /** Told of each member that stopped by itself. */
  onStopped: (place: SimMember) => void = () => {};
  /** Told of all that happens. */
  observer: Observer = NO_OBSERVER;
  readonly options: ShardOptions;
  /** memberIds of the first voters. */
  readonly #voters: readonly string[];
  readonly #logMembers = new Set<string>();
  readonly #maps = new Set<SlotMap>();
  #descriptor: ShardDescriptor;
  #connections = 0;

  constructor(options: ShardOptions) {
    this.options = options;
    this.world = new World(options.seed);
    this.network = new SimNetwork(this.world);
    this.pulses = SimPulses.of(this.world, this.network, options);
    this.#descriptor = {
      shard: '0001',
      term: 1,
      version: 0,
      primary: '',
      slots: [{ first: 0, last: 16383, epoch: 1 }],
      members: [],
    };
    for (const kind of options.kinds ?? ['data', 'data', 'log']) this.add(kind);
    this.#voters = this.members.map(({ id }) => id);
    for (const member of this.members) this.start(member);
  }

  /** Makes a place with an empty disk and a new memberId; nothing runs there yet. */
  add(kind: Kind, id = newId(this.members.length + 1)): SimMember {
    const name = `${kind === 'log' ? 'L' : 'D'}${this.members.length + 1}`;
    const place = new SimMember(id, name, kind, this.world);
    place.disk.maxBatchBytes = this.options.maxBatchBytes ?? place.disk.maxBatchBytes;
    const { wallErrorMs = 0 } = this.options;
    place.clock.wallOffsetMs += this.world.between(-wallErrorMs, wallErrorMs);
    this.members.push(place);
    if (kind === 'log') this.#logMembers.add(place.id);
    const { version, members } = this.#descriptor;
    this.#descriptor = {
      ...this.#descriptor,
      version: version + 1,
      members: [...members, describe(place)],
    };
    for (const map of this.#maps) map.apply(this.#descriptor);
    return place;
  }

  /** Starts the member on what its disk holds; false when the disk is found damaged. */
  start(place: SimMember): boolean {
    invariant(place.member === null, 'a member is started once');
    invariant(!place.lost && !place.retired, 'what is lost does not come back');
    const { world } = this;
    const { drift = 0.01 } = this.options;
    const generation = ++place.generation;
    place.clock.restart(world.between(1 - drift, 1 + drift));
    try {
      place.member = this.#member(place, generation);
    } catch (error) {
      if (!(error instanceof SimDiskError)) throw error;
      place.lost = true;
      this.observer.note(place, `does not start: ${error.message}`);
      return false;
    }
    place.disk.onPersisted = (seq) =>
      this.deliver(place, generation, (member) => member.persisted(seq));
    place.disk.snapshots.deliver = (run) => this.deliver(place, generation, run);
    place.disk.onFailed = () => {
      if (generation === place.generation) this.#stop(place, 'a sync failed');
    };
    this.network.attach(place.id, (from, type, bytes) =>
      this.deliver(place, generation, (member) => member.receive(from, type, bytes)),
    );
    this.observer.started(place);
    this.#tick(place, generation, world.between(0, TICK_MS));
    return true;
  }

  /** The process is gone, or with `power` the machine, with what was not synced. */
  crash(place: SimMember, power = true): void {
    if (place.member !== null) this.observer.note(place, power ? 'loses power' : 'is killed');
    this.#end(place);
    place.disk.crash(power);
  }

  /** The process does nothing for so long; what is for its member waits. */
  pause(place: SimMember, durationMs: number): void {
    if (place.member === null) return;
    place.frozenUntilMs = Math.max(place.frozenUntilMs, this.world.nowMs + durationMs);
    this.pulses?.freeze(place.id, durationMs);
    this.stall(place, durationMs);
  }

  /** The member's command thread does nothing for so long; what is for it waits. Its pulse goes on. */
  stall(place: SimMember, durationMs: number): void {
    if (place.member === null) return;
    place.pausedUntilMs = Math.max(place.pausedUntilMs, this.world.nowMs + durationMs);
    const { generation } = place;
    this.world.after(place.pausedUntilMs - this.world.nowMs, () => {
      if (generation === place.generation) this.#goOn(place);
    });
  }

  /** A member that is stalled goes on, if its process does. */
  endStall(place: SimMember): void {
    place.pausedUntilMs = place.frozenUntilMs;
    this.#goOn(place);
  }

  /** The whole machine stands still for so long, its monotonic clock too. */
  suspend(place: SimMember, durationMs: number): void {
    if (place.member === null) return;
    const { generation } = place;
    place.clockInDoubt = true;
    this.world.after(durationMs, () => {
      if (generation === place.generation) place.clock.suspendedMs += durationMs;
    });
    this.pause(place, durationMs);
  }

  /** Runs `run` on the member, now or at the end of its pause, if it has not ended by then. */
  deliver(
    place: SimMember,
    generation: number,
    run: (member: Member) => void,
    timer = false,
  ): void {
    if (generation !== place.generation || place.member === null) return;
    if (place.pausedUntilMs > this.world.nowMs || place.backlog.length > 0) {
      place.backlog.push({ run: () => this.#run(place, generation, run), timer });
    } else {
      this.#run(place, generation, run);
    }
  }

  /** Calls `run` on the member as its admin interface would: now, if it runs. */
  ask<T>(place: SimMember, run: (member: Member) => T): T | null {
    if (place.member === null || place.pausedUntilMs > this.world.nowMs) return null;
    let result: T | null = null;
    this.#run(place, place.generation, (member) => {
      result = run(member);
      member.turn();
    });
    return result;
  }

  /** The name of a memberId, for people. */
  nameOf(id: string): string {
    return this.members.find((place) => place.id === id)?.name ?? '-';
  }

  /** The serving primary, if there is one. */
  get primary(): SimMember | undefined {
    return this.members.find(({ member }) => member?.state === 'primary');
  }

  /** Waits for a serving primary that admits users. */
  ready(limitMs = 5000): SimMember {
    const leads = (): SimMember | undefined =>
      this.members.find(({ member }) => member?.raft.ownTermCommitted === true);
    // a log member that was elected first hands over, and with it goes what it was asked for
    let proposedTerm = 0;
    const done = this.world.runWhile(() => {
      if (this.members.every(({ member }) => (member?.settings ?? null) === null)) {
        const leader = leads()?.member;
        if (leader && leader.raft.term !== proposedTerm) {
          proposedTerm = leader.raft.term;
          void leader.propose(OPEN_ACCESS);
        }
      }
      return (this.primary?.member?.settings ?? null) !== null;
    }, limitMs);
    invariant(done && this.primary !== undefined, 'the shard gets a primary');
    return this.primary;
  }

  connect(place: SimMember): SimConnection {
    invariant(place.member !== null, 'clients connect to a running member');
    const { generation } = place;
    const connection = new SimConnection(++this.#connections, (run) =>
      this.deliver(place, generation, run),
    );
    connection.handler = place.member.host.open(connection);
    place.connections.add(connection);
    this.observer.connected(place, connection);
    return connection;
  }

  /** The memberships that count for anyone who runs or may run again, but for `without`. */
  memberships(without: SimMember | null = null): Membership[] {
    const found: Membership[] = [];
    for (const place of this.members) {
      const { member, disk, lost, retired } = place;
      if (lost || retired || place === without) continue;
      if (member !== null) found.push(member.raft.membership);
      else found.push(disk.membership(this.#voters));
    }
    return found;
  }

  /** All data members that run hold the same at the same index. Empty when they do, else what differs. */
  divergence(): string[] {
    const byIndex = new Map<number, string>();
    const found: string[] = [];
    for (const { member, kind, name } of this.members) {
      const digest = kind === 'data' ? member?.digest() : null;
      if (!digest) continue;
      const known = byIndex.get(digest.index);
      if (known !== undefined && known !== digest.digest) found.push(`${name} at ${digest.index}`);
      byIndex.set(digest.index, digest.digest);
    }
    return found;
  }

  #member(place: SimMember, generation: number): Member {
    const { world } = this;
    const limits = { ...LIMITS, ...this.options.limits };
    const map = new SlotMap();
    map.apply(this.#descriptor);
    this.#maps.add(map);
    return new Member(
      {
        identity: this.#identity(place),
        limits,
        durability: this.options.durability ?? 'sync',
        sessionLimits: SESSION_LIMITS,
        raft: {
          id: place.id,
          random: new Prng(world.random.uint32()),
          electionTimeoutMs: this.options.electionTimeoutMs ?? 200,
          heartbeatMs: (this.options.electionTimeoutMs ?? 200) / 8,
          leaseFraction: 0.8,
          standDelayMs: 100,
          maxAppendBytes: 1 << 18,
          maxInFlightBytes: 4 << 20,
          // little, so that memory of entries is used again many times over
          maxCachedBytes: 1 << 10,
          reader: place.disk,
          freeBytes: () => place.disk.freeBytes,
          votePort: NO_PULSE,
        },
        hashSeed: [world.random.uint32(), world.random.uint32()],
        commands: COMMAND_INDEX,
        map,
        process: () => PROCESS,
        stall: () => {},
      },
      {
        clock: place.clock,
        disk: place.disk,
        snapshots: place.disk.snapshots,
        peers: this.#peers(place, generation),
        events: {
          leaderChanged: (term, leader) =>
            this.#note(place, `sees leader ${this.nameOf(leader)} of ${term}`),
          stateChanged: (state, term) => {
            this.#note(place, `${state} in ${term}`);
            this.observer.stateChanged(place, state, term);
          },
          keyspaceRebuilding: (index) => this.#note(place, `rebuilding to ${index}`),
          clockJumped: (byMs) => this.#note(place, `clock jumped by ${byMs.toFixed(0)}`),
          settingsApplied: (revision) => this.#note(place, `settings ${revision}`),
          snapshotStarted: (index) => this.#note(place, `snapshot of ${index} started`),
          snapshotPublished: (index, size) => this.#note(place, `snapshot of ${index}: ${size} B`),
          snapshotDiscarded: (index, why) => this.#note(place, `no snapshot of ${index}: ${why}`),
          snapshotDiffers: (index) => this.observer.differs(place, index),
          snapshotInstalled: (index) => this.#note(place, `snapshot of ${index} installed`),
          userRefused: (message) => this.#note(place, message),
        },
        wake: () => this.#wake(place),
        wakeAtOnce: () => this.#wakeAtOnce(place),
        ...this.pulses?.start(place.id, place.clock),
      },
      place.disk.recover(this.#voters),
    );
  }

  #peers(place: SimMember, generation: number): Peers {
    return {
      send: (to, type, bytes) => {
        if (generation === place.generation) this.network.send(place.id, to, type, bytes);
      },
    };
  }

  #run(place: SimMember, generation: number, run: (member: Member) => void): void {
    const { member } = place;
    if (generation !== place.generation || member === null) return;
    try {
      run(member);
    } catch (error) {
      if (!(error instanceof SimDiskError)) {
        this.observer.note(place, `fails at entry ${member.applier.appliedIndex + 1}`);
        throw error;
      }
      this.#stop(place, error.message);
      return;
    }
    if (generation === place.generation) this.observer.looked(place, member);
  }

  /** The member found its disk at fault and exits; somebody starts it again one day. */
  #stop(place: SimMember, why: string): void {
    this.observer.note(place, `stops: ${why}`);
    this.#end(place);
    // the queue is gone with the process; what a failed sync left in the page cache is not
    place.disk.crash(false);
    this.onStopped(place);
  }

  #end(place: SimMember): void {
    place.generation++;
    place.member = null;
    place.wakeScheduled = false;
    place.reactionScheduled = false;
    place.clockInDoubt = false;
    place.frozenUntilMs = 0;
    place.pausedUntilMs = 0;
    place.backlog.length = 0;
    this.network.detach(place.id);
    this.pulses?.stop(place.id);
    for (const connection of place.connections) connection.destroy();
    place.connections.clear();
  }

  #goOn(place: SimMember): void {
    if (place.pausedUntilMs > this.world.nowMs) return;
    const { generation, backlog } = place;
    // an event loop that was held up in the middle of its input reads the rest of it before it looks at its timers
    if (this.world.random.chance(0.5)) backlog.sort((a, b) => Number(a.timer) - Number(b.timer));
    while (backlog.length > 0 && generation === place.generation) backlog.shift()?.run();
  }

  #tick(place: SimMember, generation: number, delayMs: number): void {
    this.world.after(delayMs, () => {
      const tick = (member: Member): void => {
        member.tick();
        place.clockInDoubt = false;
        this.#tick(place, generation, TICK_MS);
      };
      this.deliver(place, generation, tick, true);
    });
  }

  #wake(place: SimMember): void {
    if (place.wakeScheduled) return;
    place.wakeScheduled = true;
    const { generation } = place;
    this.world.after(0.01, () => {
      this.deliver(place, generation, (member) => {
        place.wakeScheduled = false;
        member.turn();
      });
    });
  }

  #wakeAtOnce(place: SimMember): void {
    if (place.reactionScheduled) return;
    place.reactionScheduled = true;
    const { generation } = place;
    this.world.after(0, () => {
      this.deliver(place, generation, (member) => {
        place.reactionScheduled = false;
        member.react();
      });
    });
  }

  #identity(place: SimMember): MemberIdentity {
    return {
      clusterId: 'c',
      cluster: 'sim',
      shard: '0001',
      name: place.name,
      memberId: place.id,
      kind: place.kind,
      logMembers: this.#logMembers,
      slots: [[0, 16383]],
      version: '0.0.0',
    };
  }

  #note(place: SimMember, event: string): void {
    place.events.push(`${this.world.nowMs.toFixed(1)} ${place.name}: ${event}`);
    this.observer.note(place, event);
  }
}
