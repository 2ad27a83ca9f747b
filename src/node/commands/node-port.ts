/** What commands may ask of the node that they run on; implemented by `#node/shard`. */
import type { AclLog } from '#node/acl/log.ts';
import type { UserTable } from '#node/acl/users.ts';
import type { CommandIndex } from './command-index.ts';
import type { SessionPort } from './session-port.ts';
import type { TestSettings } from './server/settings.ts';

/** Which connections CLIENT KILL and CLIENT LIST mean; a field that is absent does not limit. */
export interface ClientFilter {
  readonly ids?: ReadonlySet<number>;
  readonly address?: string;
  readonly localAddress?: string;
  readonly userName?: string;
  readonly type?: 'normal' | 'master' | 'replica' | 'pubsub';
  readonly skipId?: number;
}

/** A member of the cluster as CLUSTER SLOTS, SHARDS and NODES show it. */
export interface ClusterMember {
  /** 40 hexadecimal digits (Redis' node id). */
  readonly nodeId: string;
  readonly host: string;
  readonly ip: string;
  readonly port: number;
  readonly tls: boolean;
  readonly busPort: number;
  readonly role: 'master' | 'replica';
  readonly online: boolean;
  readonly replicationOffset: number;
}

export interface ClusterShard {
  /** Inclusive ranges, ascending. */
  readonly slots: readonly (readonly [number, number])[];
  readonly epoch: number;
  /** 40 hexadecimal digits, the same for all members (CLUSTER MYSHARDID). */
  readonly shardId: string;
  /** False: there is none or none is known, and the first member, as a `master`, only stands in for it. */
  readonly hasPrimary: boolean;
  /** The primary first, when one is known, or who stands in for it; log members never appear. */
  readonly members: readonly ClusterMember[];
}

/** What only tests may do to a node: it runs with `enable-test-commands`. */
export interface TestPort {
  /** Of CONFIG; this process' alone. */
  readonly settings: TestSettings;
  /** Keys past their time go by themselves; else only when somebody looks at them. */
  activeExpire: boolean;
  /** Settings have changed: those that concern the member take effect. */
  settingsChanged(): void;
  /** Stands still for so long, as one slow command would. */
  sleep(durationMs: number): void;
  /** Counters of INFO go back to 0. */
  resetStatistics(): void;
  /**
   * Begins to rebuild the keyspace from the log, with what has been executed so far; other commands wait. The
   * index that a reply waits for which is to leave when that is done; 0 when it cannot be done here or now.
   */
  reload(): number;
}

export interface NodePort {
  /** Null but in tests. */
  readonly tests: TestPort | null;
  readonly commands: CommandIndex;
  readonly users: UserTable;
  readonly aclLog: AclLog;
  /** What HELLO and ROLE say. */
  readonly role: 'master' | 'replica';
  /** The INFO text of `sections` ('default', 'all', 'everything' or names), CRLF line ends. */
  info(sections: readonly string[]): string;
  /** This node's 40-digit id. */
  readonly nodeId: string;
  readonly clusterState: 'ok' | 'fail';
  readonly currentEpoch: number;
  /** All shards, with the endpoints of `listener`; the member asked is among them once it is formed. */
  clusterShards(listener: string): readonly ClusterShard[];
  countKeysInSlot(slot: number): number;
  keysInSlot(slot: number, limit: number): readonly Uint8Array[];
  clients(filter: ClientFilter): readonly SessionPort[];
  /** Closes the connections that match; returns how many. */
  killClients(filter: ClientFilter): number;
  /** This member has all effects up to batch `write` (0: none) on disk. */
  holds(write: number): boolean;
  /**
   * How many other data members have all effects up to batch `write` on disk, as far as this primary knows: what
   * they said in this term. For 0 those that have said anything.
   */
  replicasHolding(write: number): number;
  /** Milliseconds since the Unix epoch by the shard's time (rule W8). */
  readonly shardTimeMs: number;
}
