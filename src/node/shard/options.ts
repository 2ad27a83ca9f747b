/** What a member is told at its start: limits, ports, identity. */
import type { Clock } from '#base/clock.ts';
import type { SlotMap } from '#node/cluster/slot-map.ts';
import type { CommandIndex } from '#node/commands/command-index.ts';
import type { RaftOptions } from '#node/raft/options.ts';
import type { SessionLimits } from '#node/session/host.ts';
import type { MemberEvents } from './events.ts';
import type { MemberIdentity } from './identity.ts';
import type { Disk, Peers, Pulse, SnapshotFiles } from './ports.ts';

/** Why the member does or does not run commands. */
export type ServingState =
  /** Follower, candidate, or a leader that may not serve (a log member). */
  | 'replica'
  /** Leader whose own term has no committed entry yet, or whose keyspace is behind. */
  | 'pending'
  /** The serving primary. */
  | 'primary';

export interface MemberLimits {
  /** Most bytes of effects in one entry; a larger unit is logged in parts. */
  readonly maxEntryBytes: number;
  /** The open batch closes at this size even while another is being synced. */
  readonly maxBatchBytes: number;
  /** Bytes of effects closed and not committed, above which sockets are not read (W9). */
  readonly maxInFlightBytes: number;
  /** Reply bytes of all connections withheld, above which sockets are not read (W9). */
  readonly maxWithheldBytes: number;
  /** Free disk bytes below which writes are refused (W7). */
  readonly diskReserveBytes: number;
  /** Age of the oldest unsynced write after which this member hands over and does not stand (W7). */
  readonly diskStallMs: number;
  /** With durability async: age of the oldest uncommitted write from which on writes are refused. */
  readonly asyncLossBoundMs: number;
  /**
   * Difference between wall and monotonic clock after which the lease is dropped (W5); never more is tolerated than
   * `clockToleranceMs` (clock-guard.ts) allows.
   */
  readonly clockJumpMs: number;
  /**
   * How long commands are parked while an election is under way, before they are answered CLUSTERDOWN: most
   * clients then see a slow reply instead of an error.
   */
  readonly leaderlessParkMs: number;
  /** A replica that has not heard from its leader for this long answers no reads. */
  readonly replicaMaxStalenessMs: number;
  /** `maxmemory` in bytes; 0 for none. */
  readonly maxmemoryBytes: number;
  /** Bytes of log, at least, between two snapshots. */
  readonly snapshotLogBytes: number;
  /** The same as a percentage of what the keyspace takes. */
  readonly snapshotLogPercent: number;
}

export interface MemberOptions {
  readonly identity: MemberIdentity;
  readonly limits: MemberLimits;
  /** async: a reply waits for its command and the lease, not for the commit (lifts W1, W2 and W10). */
  readonly durability: 'sync' | 'async';
  readonly sessionLimits: SessionLimits;
  /** `standDelayMs` is a log member's; half of it is for a data member without its keyspace; others stand at once. */
  readonly raft: RaftOptions;
  /** Key of the hash that hazards and index use; any 64 bits, the same or not on other members. */
  readonly hashSeed: readonly [number, number];
  readonly commands: CommandIndex;
  /** Everybody's slots as gossip has them. */
  readonly map: SlotMap;
  readonly process: () => ProcessFacts;
  /** Stands still for so long. Given with `enable-test-commands` alone: then CONFIG and DEBUG work. */
  readonly stall?: (durationMs: number) => void;
}

/** Figures of the process around the member, for INFO. */
export interface ProcessFacts {
  readonly processId: number;
  /** 40 hexadecimal digits, new with each start. */
  readonly runId: string;
  readonly operatingSystem: string;
  readonly clientPort: number;
  readonly uptimeSeconds: number;
  readonly residentBytes: number;
  readonly systemBytes: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly maxConnections: number;
  readonly connectionsReceived: number;
  readonly connectionsRefused: number;
}

export interface MemberPorts {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly snapshots: SnapshotFiles;
  readonly peers: Peers;
  readonly events: MemberEvents;
  /** Absent: the core's own heartbeats are all there is. */
  readonly pulse?: Pulse;
  /** Asks the shell to call {@link Member.turn} when what has arrived by now has been read. */
  wake(): void;
  /** Asks the shell to call {@link Member.react} as soon as the present call is over. */
  wakeAtOnce(): void;
}
