/**
 * What a connection's session asks of the shard that it runs on. The shard implements it; tests use a
 * small real one.
 *
 * The order of calls for one command (or one EXEC, which is one unit, rule W4):
 * `route`* → `beginUnit` → the commands run on `keyspace` → `endUnit(waitIndex)`. Between `beginUnit` and
 * `endUnit` the host must not close the open batch: everything recorded there is one unit. Commands that
 * never reach the keyspace are not announced: their replies leave at once (rule W1), behind what is withheld.
 * When a session has consumed its input it calls `awaitTurn`; at the end of the turn the host lets go what may.
 */
import type { Clock } from '#base/clock.ts';
import type { AclLog } from '#node/acl/log.ts';
import type { UserTable } from '#node/acl/users.ts';
import type { CommandSpec } from '#node/commands/spec.ts';
import type { NodePort } from '#node/commands/node-port.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import type { ReplyWriter } from '#node/resp/reply.ts';
import type { CommandStatistics } from './statistics.ts';
import type { Session } from './session.ts';

/** Why a command cannot run here now. Hosts keep these objects and hand out the same ones again. */
export type Refusal =
  /** Redis' `MOVED slot endpoint`; `endpoint` is `host:port` for the listener that the client came by. */
  | { readonly kind: 'moved'; readonly endpoint: string }
  /** Not here or not now: an error line, without the leading `-` and the line end: `CLUSTERDOWN …`. */
  | { readonly kind: 'error'; readonly line: string }
  /** No writes here: an error line as Redis' `processCommand` refuses by, so that EXEC answers EXECABORT with it. */
  | { readonly kind: 'denied'; readonly line: string }
  /** Run it later: the session keeps the command and goes on with it when `Session.resume` is called. */
  | { readonly kind: 'park' };

export interface SessionLimits {
  /** Most bytes of one argument (`proto-max-bulk-len`). */
  readonly bulkBytes: number;
  /** Most bytes of one unfinished request and of what is queued in MULTI (`client-query-buffer-limit`). */
  readonly queryBufferBytes: number;
  /** The same before authentication. */
  readonly unauthenticatedQueryBufferBytes: number;
  /** Withheld and unsent reply bytes of one connection above which its session stops reading (rule W9). */
  readonly withheldReplyBytes: number;
}

export interface SessionHost {
  readonly keyspace: Keyspace;
  readonly node: NodePort;
  readonly clock: Clock;
  /** Monotonic time of this turn, in milliseconds: for what need not be exact. */
  readonly turnMs: number;
  /** Where sessions write what may leave when this turn ends; the host clears it when it has released them. */
  readonly replies: ReplyWriter;
  readonly limits: SessionLimits;
  readonly statistics: CommandStatistics;
  readonly aclLog: AclLog;
  /** Replaced as a whole when a SETTINGS entry is applied; then `Session.usersChanged` of every session is called. */
  readonly users: UserTable;
  /**
   * False until the member has recovered: everything without the `loading` flag is answered `LOADING`. While
   * `users.revision` is 0 (no settings yet) everything is.
   */
  readonly loaded: boolean;
  /** True when `maxmemory` is reached or the disk is at its soft limit: commands with `denyoom` are refused. */
  readonly outOfMemory: boolean;
  /** Of the two, it is the disk: the text of the refusal says so. */
  readonly diskFull: boolean;
  /** A limit of rule W9 is reached: sessions stop consuming input until `Session.resume` is called. */
  readonly overloaded: boolean;
  /** The newest index that has or will have effects (the open batch counts when it is not empty). */
  readonly newestIndex: number;
  /** False with `durability: async`: replies wait for the lease alone (lifts W1 and W2). */
  readonly waitsForCommit: boolean;

  /**
   * May a command that reads (or, if `write`, changes) `slot` run here now? `slot` is -1 for a command that
   * touches the keyspace without naming keys (DBSIZE, FLUSHALL). null means yes. `readOnly` is the session's
   * READONLY state; `spec` is for hosts that want to know more.
   */
  route(slot: number, write: boolean, session: Session, spec: CommandSpec): Refusal | null;
  /**
   * A unit starts whose keys are all in `slot` (-1: it names none): calls `keyspace.beginCommand(slot)`, at this
   * turn's time.
   */
  beginUnit(slot: number): void;
  /**
   * The unit ended. `waitIndex` is the highest index that its reply depends on, 0 when it depends on nothing but
   * the lease. The host may close the batch now.
   */
  endUnit(waitIndex: number): void;
  /** Call the session's `release(index)` at the end of this turn, after which nothing of it is in `replies`. */
  awaitTurn(session: Session): void;
  /** The session's command is blocked: see `wake` and `unblock` (blocking.ts). */
  awaitWake(session: Session): void;
  /** Call the session's `resume` in a later turn: it had stopped at its own limit and may go on. */
  resumeLater(session: Session): void;
  /** The connection is over, for whatever reason; called once. The host forgets the session. */
  ended(session: Session): void;
}
