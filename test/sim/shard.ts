/**
 * A whole shard in one process: members with simulated disks, links and clocks, and clients. What a
 * crash takes away is the member; its disk stays.
 */
import { invariant } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import { CommandIndex } from '#node/commands/command-index.ts';
import { COMMANDS } from '#node/commands/table.ts';
import type { ShardDescriptor } from '#node/cluster/descriptor.ts';
import { SlotMap } from '#node/cluster/slot-map.ts';
import type { MemberIdentity } from '#node/shard/identity.ts';
import { Member } from '#node/shard/member.ts';
import type { MemberLimits, ProcessFacts } from '#node/shard/options.ts';
import type { Settings } from '#node/shard/payload.ts';
import { SimConnection } from './client.ts';
import { SimClock, SimDisk, SimNetwork, World } from './world.ts';

const COMMAND_INDEX = new CommandIndex(COMMANDS);
const TICK_MS = 5;

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
  /** Kinds of the voters; two data members and a log member when absent. */
  readonly kinds?: readonly ('data' | 'log')[];
  readonly limits?: Partial<MemberLimits>;
  readonly electionTimeoutMs?: number;
  /** `sync` when absent. */
  readonly durability?: 'sync' | 'async';
}

const LIMITS: MemberLimits = {
  maxEntryBytes: 1 << 20,
  maxBatchBytes: 1 << 20,
  maxInFlightBytes: 8 << 20,
  maxWithheldBytes: 8 << 20,
  diskReserveBytes: 1 << 20,
  diskStallMs: 1000,
  clockJumpMs: 250,
  leaderlessParkMs: 600,
  replicaMaxStalenessMs: 5000,
  maxmemoryBytes: 0,
};

const PROCESS: ProcessFacts = {
  processId: 1,
  runId: '0'.repeat(40),
  operatingSystem: 'simulated',
  clientPort: 6379,
  uptimeSeconds: 1,
  residentBytes: 0,
  systemBytes: 0,
  cpuUserSeconds: 0,
  cpuSystemSeconds: 0,
  maxConnections: 1000,
  connectionsReceived: 0,
  connectionsRefused: 0,
};

/** One place of the shard: its disk for life, and the member that runs on it or not. */
export class SimMember {
  readonly id: string;
  readonly kind: 'data' | 'log';
  readonly disk: SimDisk;
  clock: SimClock;
  member: Member | null = null;
  readonly connections = new Set<SimConnection>();
  readonly events: string[] = [];
  wakeScheduled = false;
  reactionScheduled = false;
  generation = 0;

  constructor(id: string, kind: 'data' | 'log', world: World) {
    this.id = id;
    this.kind = kind;
    this.disk = new SimDisk(world);
    this.clock = new SimClock(world, 1);
  }
}

export class SimShard {
  readonly world: World;
  readonly network: SimNetwork;
  readonly members: SimMember[];
  readonly #options: ShardOptions;
  readonly #firstVoters: readonly string[];
  readonly #logMembers = new Set<string>();
  readonly #descriptor: ShardDescriptor;

  constructor(options: ShardOptions) {
    this.#options = options;
    this.world = new World(options.seed);
    this.network = new SimNetwork(this.world);
    const kinds = options.kinds ?? ['data', 'data', 'log'];
    this.members = kinds.map(
      (kind, i) => new SimMember((i + 1).toString(16).repeat(16), kind, this.world),
    );
    this.#firstVoters = this.members.map(({ id }) => id);
    for (const { id, kind } of this.members) if (kind === 'log') this.#logMembers.add(id);
    this.#descriptor = {
      shard: '0001',
      term: 1,
      version: 1,
      primary: '',
      slots: [{ first: 0, last: 16383, epoch: 1 }],
      members: this.members.map(({ id, kind }) => ({
        memberId: id,
        name: `m-${id[0]}`,
        kind,
        role: 'unknown',
        state: 'online',
        peerHost: id,
        peerPort: 1,
        endpoints: kind === 'log' ? [] : [{ listener: 'client', host: id, port: 1, tls: false }],
      })),
    };
    for (const member of this.members) this.start(member);
  }

  /** Makes a place with an empty disk and a new memberId; nothing runs there yet. */
  add(kind: 'data' | 'log'): SimMember {
    const id = (this.members.length + 1).toString(16).repeat(16);
    const place = new SimMember(id, kind, this.world);
    this.members.push(place);
    if (kind === 'log') this.#logMembers.add(place.id);
    return place;
  }

  /** Starts the member on what its disk holds. */
  start(place: SimMember): void {
    invariant(place.member === null, 'a member is started once');
    const { world } = this;
    const generation = ++place.generation;
    place.clock = new SimClock(world, world.between(0.99, 1.01));
    const map = new SlotMap();
    map.apply(this.#descriptor);
    place.member = new Member(
      {
        identity: this.#identity(place),
        limits: { ...LIMITS, ...this.#options.limits },
        durability: this.#options.durability ?? 'sync',
        sessionLimits: {
          bulkBytes: 1 << 29,
          queryBufferBytes: 1 << 30,
          unauthenticatedQueryBufferBytes: 1 << 20,
          withheldReplyBytes: 1 << 20,
        },
        raft: {
          id: place.id,
          random: new Prng(world.random.uint32()),
          electionTimeoutMs: this.#options.electionTimeoutMs ?? 200,
          heartbeatMs: 25,
          leaseFraction: 0.8,
          standDelayMs: place.kind === 'log' ? 100 : 0,
          maxAppendBytes: 1 << 18,
          maxInFlightBytes: 4 << 20,
          // little, so that memory of entries is used again many times over
          maxCachedBytes: 1 << 10,
          reader: place.disk,
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
        peers: {
          send: (to, type, bytes, tail = new Uint8Array(0)) => {
            if (generation !== place.generation) return;
            const frame = new Uint8Array(bytes.length + tail.length);
            frame.set(bytes);
            frame.set(tail, bytes.length);
            this.network.send(place.id, to, type, frame);
          },
        },
        events: {
          leaderChanged: (term, leader) => this.#note(place, `leader ${leader[0]} of ${term}`),
          stateChanged: (state, term) => this.#note(place, `${state} in ${term}`),
          keyspaceRebuilding: (index) => this.#note(place, `rebuilding to ${index}`),
          clockJumped: (byMs) => this.#note(place, `clock jumped by ${byMs}`),
          settingsApplied: (revision) => this.#note(place, `settings ${revision}`),
          userRefused: (message) => this.#note(place, message),
        },
        wake: () => this.#wake(place),
        wakeAtOnce: () => this.#wakeAtOnce(place),
      },
      place.disk.recover(this.#firstVoters),
    );
    place.disk.onPersisted = (seq) => {
      if (generation === place.generation) place.member?.persisted(seq);
    };
    this.network.attach(place.id, (from, type, bytes) => place.member?.receive(from, type, bytes));
    const tick = (): void => {
      if (generation !== place.generation) return;
      place.member?.tick();
      world.after(TICK_MS, tick);
    };
    world.after(world.between(0, TICK_MS), tick);
  }

  /** kill -9 and loss of what was not synced. */
  crash(place: SimMember): void {
    place.generation++;
    place.member = null;
    place.wakeScheduled = false;
    place.reactionScheduled = false;
    this.network.detach(place.id);
    place.disk.crash();
    for (const connection of place.connections) connection.destroy();
    place.connections.clear();
  }

  /** The serving primary, if there is one. */
  get primary(): SimMember | undefined {
    return this.members.find(({ member }) => member?.state === 'primary');
  }

  /** Waits for a serving primary that admits users. */
  ready(limitMs = 5000): SimMember {
    const serves = (): boolean =>
      this.primary?.member?.settings !== null && this.primary !== undefined;
    const leads = (): SimMember | undefined =>
      this.members.find(({ member }) => member?.raft.ownTermCommitted === true);
    // a log member that was elected first hands over, and with it goes what it was asked for
    let proposedTerm = 0;
    const done = this.world.runWhile(() => {
      if (this.members.every(({ member }) => member?.settings === null)) {
        const leader = leads()?.member;
        if (leader && leader.raft.term !== proposedTerm) {
          proposedTerm = leader.raft.term;
          void leader.propose(OPEN_ACCESS);
        }
      }
      return serves();
    }, limitMs);
    invariant(done && this.primary !== undefined, 'the shard gets a primary');
    return this.primary;
  }

  connect(place: SimMember): SimConnection {
    invariant(place.member !== null, 'clients connect to a running member');
    const connection = new SimConnection();
    connection.handler = place.member.host.open(connection);
    place.connections.add(connection);
    return connection;
  }

  /** All data members that run hold the same at the same index. Empty when they do, else what differs. */
  divergence(): string[] {
    const byIndex = new Map<number, string>();
    const found: string[] = [];
    for (const { member, kind, id } of this.members) {
      const digest = kind === 'data' ? member?.digest() : null;
      if (!digest) continue;
      const known = byIndex.get(digest.index);
      if (known !== undefined && known !== digest.digest) found.push(`${id[0]} at ${digest.index}`);
      byIndex.set(digest.index, digest.digest);
    }
    return found;
  }

  #wake(place: SimMember): void {
    if (place.wakeScheduled) return;
    place.wakeScheduled = true;
    const { generation } = place;
    this.world.after(0.01, () => {
      if (generation !== place.generation) return;
      place.wakeScheduled = false;
      place.member?.turn();
    });
  }

  #wakeAtOnce(place: SimMember): void {
    if (place.reactionScheduled) return;
    place.reactionScheduled = true;
    const { generation } = place;
    this.world.after(0, () => {
      if (generation !== place.generation) return;
      place.reactionScheduled = false;
      place.member?.react();
    });
  }

  #identity(place: SimMember): MemberIdentity {
    return {
      clusterId: 'c',
      cluster: 'sim',
      shard: '0001',
      name: `m-${place.id[0]}`,
      memberId: place.id,
      kind: place.kind,
      logMembers: this.#logMembers,
      slots: [[0, 16383]],
      version: '0.0.0',
    };
  }

  #note(place: SimMember, event: string): void {
    place.events.push(`${this.world.nowMs.toFixed(1)} ${place.id[0]}: ${event}`);
  }
}
