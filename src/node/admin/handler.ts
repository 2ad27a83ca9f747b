/**
 * The admin API as the node's other half sees it: what the operator may ask of one member. `admin.ts`
 * carries it over mTLS HTTP and has checked every body's form before it calls.
 *
 * Refusals are values with the HTTP status that they travel under: 400 the request can never be right,
 * 409 it does not fit the member's present state, 503 try again later.
 */

/** GET /v1/status. Numbers that change all the time are in metrics, not here. */
export interface MemberStatus {
  readonly member: string;
  /** 16 lower-case hexadecimal digits. */
  readonly memberId: string;
  /** '' before bootstrap when the certificate names none either. */
  readonly clusterId: string;
  readonly shard: string;
  readonly kind: 'data' | 'log';
  /** Version of the node's program. */
  readonly version: string;
  /** This disk belongs to a shard. */
  readonly formed: boolean;
  readonly disk: {
    /** This disk has ever belonged to a shard, even if its log was set aside since. */
    readonly everFormed: boolean;
    readonly healthy: boolean;
    readonly freeBytes: number;
    readonly totalBytes: number;
  };
  readonly role: 'primary' | 'replica' | 'log' | 'unformed';
  readonly ready: boolean;
  readonly term: number;
  /** memberId of the known leader, or ''. */
  readonly leader: string;
  readonly lease: boolean;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly configIndex: number;
  /** memberIds. */
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  /** What a leader knows of every other voter and learner; empty on others. */
  readonly followers: readonly FollowerStatus[];
  /** `0-5460` each. */
  readonly slots: readonly string[];
  readonly settingsRevision: number;
  /** A majority of voters has been heard from within an election timeout. */
  readonly quorum: boolean;
  readonly keys: number;
  readonly memoryBytes: number;
  readonly maxmemoryBytes: number;
  /** RFC 3339 times; '' without TLS. */
  readonly certificates: { readonly clientNotAfter: string; readonly peerNotAfter: string };
  readonly lastFailover?: {
    readonly cause: string;
    readonly refusedWriteMs: number;
    readonly time: string;
  };
}

export interface FollowerStatus {
  readonly memberId: string;
  /** The newest name that this memberId was heard under; '' when unknown. */
  readonly name: string;
  /** In touch, and all that the leader has was sent to it. */
  readonly caughtUp: boolean;
  /** It has not got what it acknowledged before: its disk was set back, and it counts for nothing. */
  readonly lostLog: boolean;
}

export interface BootstrapVoter {
  readonly name: string;
  readonly memberId: string;
  readonly kind: 'data' | 'log';
  readonly host: string;
  readonly peerPort: number;
}

/** POST /v1/bootstrap: what a new shard is, fixed for ever. */
export interface BootstrapRecord {
  readonly clusterId: string;
  readonly shard: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** An odd number, at least 1. */
  readonly voters: readonly BootstrapVoter[];
  /** Inclusive ranges, ascending and disjoint; empty for a shard that gets its slots by migration. */
  readonly slots: readonly (readonly [number, number])[];
}

/** One line of PUT /v1/peers: where a member can be found. Only a hint. */
export interface PeerHint {
  readonly name: string;
  readonly shard: string;
  /** Absent until the member has told it. */
  readonly memberId?: string;
  readonly kind: 'data' | 'log';
  readonly host: string;
  readonly peerPort: number;
  readonly clientPort: number;
}

export interface UserSettings {
  readonly name: string;
  readonly on: boolean;
  /** 64 lower-case hexadecimal digits each, at most two. */
  readonly passwordSha256: readonly string[];
  readonly noPassword: boolean;
  readonly accessString: string;
}

/** PUT /v1/settings: users and parameters of the shard; replaces those of a lower revision. */
export interface SettingsRequest {
  readonly revision: number;
  readonly users: readonly UserSettings[];
  readonly parameters: Readonly<Record<string, string>>;
}

/** POST /v1/hand-over: refused when `configIndex` or `term` is no longer the member's. */
export interface HandOverRequest {
  readonly configIndex: number;
  readonly term: number;
  /** memberId; absent: the voter that is furthest. */
  readonly target?: string;
}

/**
 * POST /v1/membership: one member in, up or out, planned from this configuration and term; answered when it is
 * committed. Refused as Raft says, `StaleTerm` besides.
 */
export interface MembershipRequest {
  readonly change: 'add-learner' | 'promote' | 'remove';
  readonly memberId: string;
  readonly configIndex: number;
  readonly term: number;
}

/**
 * POST /v1/set-aside: this member is to give its memberId up and start again with an empty disk. `removed`: the
 * committed configuration at `configIndex` names it no more. A leader stops sending to whom it removes, so a
 * member cannot read that in its own log. `lost-log`: see {@link FollowerStatus.lostLog}.
 */
export interface SetAsideRequest {
  readonly memberId: string;
  readonly reason: 'removed' | 'lost-log';
  readonly configIndex: number;
  readonly term: number;
}

export interface Refusal {
  readonly status: 400 | 409 | 503;
  /** A stable word in CamelCase: `NotPrimary`, `StaleConfig`. */
  readonly error: string;
  readonly message: string;
  /** More fields of the JSON answer, such as `primary`. */
  readonly details?: Readonly<Record<string, string | number>>;
}

export type Answer<T> = { readonly ok: T } | { readonly refusal: Refusal };

/** Implemented by the shard; called on the command thread. A rejected promise is answered as 500. */
export interface AdminHandler {
  status(): MemberStatus;
  bootstrap(record: BootstrapRecord): Promise<Answer<Record<string, never>>>;
  /** A disk that belongs to no shard joins the one of this record, which does not name it. */
  join(record: BootstrapRecord): Promise<Answer<Record<string, never>>>;
  changeMembership(request: MembershipRequest): Promise<Answer<{ readonly index: number }>>;
  setAside(request: SetAsideRequest): Promise<Answer<Record<string, never>>>;
  putPeers(peers: readonly PeerHint[]): Promise<Answer<Record<string, never>>>;
  putSettings(
    settings: SettingsRequest,
  ): Promise<Answer<{ readonly revision: number; readonly index: number }>>;
  handOver(request: HandOverRequest): Promise<Answer<{ readonly refusedWriteMs: number }>>;
  digest(): Promise<Answer<{ readonly index: number; readonly digest: string }>>;
}
