/**
 * What goes over a member's admin API (mTLS, port 9443, JSON). The node's half is `#node/admin`; the two
 * share no code, because the operator speaks to node versions N and N−1: fields that are new are
 * optional here, fields that are unknown are ignored.
 */

/** First and last slot, both included. */
export type SlotRange = readonly [number, number];

export interface DiskStatus {
  /** True when this disk ever belonged to a shard, whether or not the member knows it now. */
  readonly everFormed: boolean;
  readonly healthy: boolean;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** GET /v1/status */
export interface MemberStatus {
  readonly member: string;
  readonly memberId: string;
  readonly clusterId: string;
  readonly shard: string;
  readonly kind: 'data' | 'log';
  readonly version: string;
  /** Has a bootstrap record: belongs to a shard. */
  readonly formed: boolean;
  readonly disk: DiskStatus;
  readonly role: 'primary' | 'replica' | 'log' | 'unformed';
  readonly ready: boolean;
  readonly term: number;
  /** memberId; empty when unknown. */
  readonly leader: string;
  readonly lease: boolean;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly configIndex: number;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  /** What a leader knows of every other member; empty on others. */
  readonly followers?: readonly FollowerStatus[];
  /** As in API.md, `"0-5460"`. */
  readonly slots: readonly string[];
  /** Revision of the users and parameters that the member has applied; 0 before the first. */
  readonly settingsRevision: number;
  readonly quorum: boolean;
  readonly keys: number;
  readonly memoryBytes: number;
  readonly maxmemoryBytes: number;
  /** RFC 3339; '' without TLS. */
  readonly certificates?: { readonly clientNotAfter: string; readonly peerNotAfter: string };
  readonly lastFailover?: {
    readonly cause: string;
    readonly refusedWriteMs: number;
    /** RFC 3339. */
    readonly time: string;
  };
}

export interface FollowerStatus {
  readonly memberId: string;
  /** The newest name that this memberId was heard under; '' when unknown. */
  readonly name: string;
  /** In touch, and all that the leader has was sent to it. */
  readonly caughtUp: boolean;
  /** Its disk was set back: it has not got what it acknowledged, and counts for nothing. */
  readonly lostLog: boolean;
}

export interface BootstrapVoter {
  readonly name: string;
  readonly memberId: string;
  readonly kind: 'data' | 'log';
  readonly host: string;
  readonly peerPort: number;
}

/** POST /v1/bootstrap: decides a shard's identity, once (DESIGN §3). */
export interface BootstrapRecord {
  readonly clusterId: string;
  readonly shard: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly voters: readonly BootstrapVoter[];
  readonly slots: readonly SlotRange[];
}

/** PUT /v1/peers: where members were last seen; hints only. */
export interface PeerHint {
  readonly name: string;
  readonly shard: string;
  readonly memberId?: string;
  readonly kind: 'data' | 'log';
  readonly host: string;
  readonly peerPort: number;
  readonly clientPort: number;
}

export interface UserSetting {
  readonly name: string;
  readonly on: boolean;
  /** SHA-256 digests of passwords, lower-case hex. */
  readonly passwordSha256: readonly string[];
  readonly noPassword: boolean;
  readonly accessString: string;
}

/** PUT /v1/settings: becomes an entry of the shard's log. */
export interface Settings {
  readonly revision: number;
  readonly users: readonly UserSetting[];
  readonly parameters: Readonly<Record<string, string>>;
}

export interface SettingsResult {
  readonly revision: number;
  readonly index: number;
}

/** POST /v1/hand-over; stale when the member has moved on from either number. */
export interface HandOverRequest {
  readonly configIndex: number;
  readonly term: number;
  /** memberId; the member chooses when absent. */
  readonly target?: string;
}

export interface HandOverResult {
  readonly refusedWriteMs: number;
}

/** POST /v1/membership: one entry; stale when the leader has moved on from either number. */
export interface MembershipRequest {
  readonly change: 'add-learner' | 'promote' | 'remove';
  readonly memberId: string;
  readonly configIndex: number;
  readonly term: number;
}

/** POST /v1/set-aside: the member gives its memberId up and starts again with an empty disk. */
export interface SetAsideRequest {
  readonly memberId: string;
  readonly reason: 'removed' | 'lost-log';
  readonly configIndex: number;
  readonly term: number;
}

/** GET /v1/digest: of the keyspace at a log index; equal indices have equal digests on every member. */
export interface KeyspaceDigest {
  readonly index: number;
  readonly digest: string;
}
