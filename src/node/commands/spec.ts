/**
 * The command framework: one command is one declared spec and one `run`, in one file, its test beside it.
 *
 * Whatever the server must know about a command before or without running it (arity, flags, ACL
 * categories, where its keys are, what its reply waits for, what COMMAND answers) is read from the
 * spec; no shared code names a command. Fields and values follow Redis' COMMAND, COMMAND DOCS and key
 * specifications (redis.io/docs/reference/key-specs, command-tips).
 */
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import type { ReplyWriter } from '#node/resp/reply.ts';
import type { NodePort } from './node-port.ts';
import type { SessionPort } from './session-port.ts';

/** Redis' command flags, as COMMAND INFO spells them. */
export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'blocking'
  | 'loading'
  | 'stale'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'fast'
  | 'no_auth'
  | 'may_replicate'
  | 'no_async_loading'
  | 'no_multi'
  | 'movablekeys'
  | 'allow_busy';

/** Redis' ACL categories without their `@`; `fast`/`slow` are added from the flags. */
export type AclCategory =
  | 'keyspace'
  | 'read'
  | 'write'
  | 'set'
  | 'sortedset'
  | 'list'
  | 'hash'
  | 'string'
  | 'bitmap'
  | 'hyperloglog'
  | 'geo'
  | 'stream'
  | 'pubsub'
  | 'admin'
  | 'fast'
  | 'slow'
  | 'blocking'
  | 'dangerous'
  | 'connection'
  | 'transaction'
  | 'scripting';

export type CommandGroup =
  | 'generic'
  | 'string'
  | 'hash'
  | 'list'
  | 'set'
  | 'sorted-set'
  | 'stream'
  | 'bitmap'
  | 'hyperloglog'
  | 'geo'
  | 'pubsub'
  | 'scripting'
  | 'transactions'
  | 'connection'
  | 'server'
  | 'cluster';

/** What a command does to the keys of one key spec (Redis' key spec flags). */
export type KeyFlag =
  | 'RO'
  | 'RW'
  | 'OW'
  | 'RM'
  | 'access'
  | 'update'
  | 'insert'
  | 'delete'
  | 'not_key'
  | 'incomplete'
  | 'variable_flags';

/** Where keys stand among the arguments; `index` 0 is the command's name. */
export interface KeySpec {
  readonly flags: readonly KeyFlag[];
  /** With `variable_flags`: what these arguments do with the key. */
  readonly flagsFor?: (args: Arguments) => readonly KeyFlag[];
  readonly begin:
    | { readonly index: number }
    | { readonly keyword: string; readonly startFrom: number }
    /** Shown as `unknown`: no rule but the command's own says which one argument it is; -1 for none. */
    | { readonly locate: (args: Arguments) => number };
  readonly find: /** `last` counts from the first key; negative from the end of the arguments (-1 is the last). */
    | { readonly last: number; readonly step: number; readonly limit: number }
    | { readonly keyNumIndex: number; readonly first: number; readonly step: number }
    /** With an unknown begin: that argument alone. */
    | { readonly unknown: true };
  readonly notes?: string;
}

/**
 * What a reply waits for besides the command's own effects (rule W2): `keys` for the hazards of the keys
 * that the keyspace noted while it ran, `whole` for the newest index, `own-writes` for the last effects of its
 * connection's commands (no keyspace read), `none` for nothing (no keyspace read).
 */
export type ReplyScope = 'keys' | 'whole' | 'own-writes' | 'none';

/** One argument as COMMAND DOCS describes it. */
export interface ArgumentDoc {
  readonly name: string;
  readonly type:
    | 'string'
    | 'integer'
    | 'double'
    | 'key'
    | 'pattern'
    | 'unix-time'
    | 'pure-token'
    | 'oneof'
    | 'block';
  readonly token?: string;
  readonly keySpecIndex?: number;
  readonly flags?: readonly ('optional' | 'multiple' | 'multiple_token')[];
  readonly arguments?: readonly ArgumentDoc[];
}

/** Everything a running command may touch. Built once a connection; `args` and `reply` are reused. */
export interface CommandContext {
  readonly args: Arguments;
  readonly reply: ReplyWriter;
  readonly keyspace: Keyspace;
  readonly session: SessionPort;
  readonly node: NodePort;
}

export interface CommandSpec {
  /** Lower case; of a subcommand without its container's name. */
  readonly name: string;
  /** Number of arguments with the name (and subcommand); negative: at least that many. */
  readonly arity: number;
  readonly group: CommandGroup;
  readonly since: string;
  readonly summary: string;
  readonly complexity: string;
  readonly flags: readonly CommandFlag[];
  readonly categories: readonly AclCategory[];
  readonly keys: readonly KeySpec[];
  readonly scope: ReplyScope;
  readonly arguments?: readonly ArgumentDoc[];
  readonly tips?: readonly string[];
  /** Known only to nodes that run with `enable-test-commands`; to others it is an unknown command. */
  readonly forTests?: true;
  /** A container (CLIENT, CLUSTER…) has subcommands and a `run` only if it may stand alone (COMMAND). */
  readonly subcommands?: readonly CommandSpec[];
  /**
   * Checks the arguments, then reads and changes the keyspace and writes exactly one reply. Must not throw
   * for anything a client can send.
   */
  readonly run?: (context: CommandContext) => void;
}
