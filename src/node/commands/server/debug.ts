/**
 * DEBUG, for tests only (process option `enable-test-commands`): what suites written for Redis need to look at
 * a value, to wait, and to have the keyspace rebuilt from the log. What concerns parts that this server has
 * not is accepted and does nothing.
 */
import { fromLatin1 } from '#base/bytes.ts';
import { globMatches } from '#node/commands/glob.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { replyOfType } from './debug-protocol.ts';
import { NO_DIGEST, valueDigest } from './value-digest.ts';

/** Most keys that one POPULATE makes, and most bytes of each. */
const MOST_KEYS = 10_000_000;
const MOST_VALUE_BYTES = 2 ** 29;

/** Subcommands that do nothing here, with how many arguments they have. */
const WITHOUT_EFFECT: Readonly<Record<string, readonly number[]>> = {
  'change-repl-id': [2],
  'dict-resizing': [3],
  'aof-flush-sleep': [3],
  'delay-rdb-client-free-seconds': [3],
  jmap: [2, 3],
  leak: [3],
  log: [3],
  'pause-cron': [3],
  'quicklist-packed-threshold': [3],
  replybuffer: [4],
  replicate: [3, 4, 5],
  'set-disable-deny-scripts': [3],
  'set-skip-checksum-validation': [3],
};

function run(context: CommandContext): void {
  const { args, reply } = context;
  const name = args.latin1(1).toLowerCase();
  const { count } = args;
  if (name === 'sleep' && count === 3) sleep(context);
  else if (name === 'set-active-expire' && count === 3) setActiveExpire(context);
  else if (name === 'object' && count >= 3) describeObject(context);
  else if (name === 'digest' && count === 2) replyDigest(context);
  else if (name === 'digest-value') replyValueDigests(context);
  else if (name === 'populate' && count >= 3 && count <= 5) populate(context);
  else if (name === 'protocol' && count === 3) replyOfType(context);
  else if (name === 'stringmatch-len' && count === 4) matchPattern(context);
  else if (name === 'error' && count === 3) reply.error(args.text(2));
  else if (name === 'reload' || (name === 'loadaof' && count === 2)) reload(context);
  else if (name === 'htstats' || name === 'htstats-key') {
    reply.verbatim('txt', 'No stats available\n');
  } else if (Object.hasOwn(WITHOUT_EFFECT, name) && WITHOUT_EFFECT[name].includes(count)) {
    reply.ok();
  } else {
    reply.error(ERRORS.subcommandSyntax(args.text(1), 'DEBUG'));
  }
}

function sleep({ args, node, reply }: CommandContext): void {
  const seconds = args.float(2) ?? 0;
  node.tests?.sleep(Math.max(0, seconds * 1000));
  reply.ok();
}

function setActiveExpire({ args, node, reply }: CommandContext): void {
  if (node.tests !== null) node.tests.activeExpire = args.clampedInteger(2) !== 0;
  reply.ok();
}

function describeObject({ args, keyspace, reply }: CommandContext): void {
  const type = keyspace.peek(args.bytes, args.start(2), args.end(2));
  if (type === 'none') {
    reply.error(ERRORS.noSuchKey);
    return;
  }
  const encoding = keyspace.encodingName();
  const accessedAt = keyspace.accessedAtSeconds;
  const idle = Math.max(0, Math.floor(keyspace.nowMs / 1000) - accessedAt);
  const bytes = keyspace.memoryOfFound();
  let text = `Value at:0x${keyspace.found.toString(16)} refcount:1 encoding:${encoding}`;
  text += ` serializedlength:${bytes} lru:${accessedAt} lru_seconds_idle:${idle}`;
  if (encoding === 'quicklist') {
    const { size } = keyspace.lists;
    text += ` ql_nodes:1 ql_avg_node:${size}.00 ql_listpack_max:-2 ql_compressed:0`;
    text += ` ql_uncompressed_size:${bytes}`;
  }
  reply.simple(text);
}

function replyDigest({ keyspace, reply }: CommandContext): void {
  reply.simple(keyspace.size === 0 ? NO_DIGEST : keyspace.digest().padStart(40, '0'));
}

function replyValueDigests({ args, keyspace, reply }: CommandContext): void {
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    const type = keyspace.peek(args.bytes, args.start(i), args.end(i));
    reply.simple(valueDigest(keyspace, type));
  }
}

/** Makes keys of a count, with a prefix and a length that may be given; keys that are there stay. */
function populate({ args, keyspace, reply }: CommandContext): void {
  const count = args.clampedInteger(2);
  const length = args.count === 5 ? args.clampedInteger(4) : 0;
  if (count === undefined || length === undefined) {
    reply.error(ERRORS.notInteger);
    return;
  }
  if (count < 0 || count > MOST_KEYS || length < 0 || length > MOST_VALUE_BYTES) {
    reply.error(ERRORS.outOfRange);
    return;
  }
  const prefix = args.count > 3 ? args.latin1(3) : 'key';
  for (let i = 0; i < count; i++) {
    const key = fromLatin1(`${prefix}:${i}`);
    if (keyspace.peek(key, 0, key.length) !== 'none') continue;
    const text = fromLatin1(`value:${i}`);
    let value = text;
    if (length > 0) {
      value = new Uint8Array(length);
      value.set(text.subarray(0, length));
    }
    keyspace.setString(key, 0, key.length, value, 0, value.length, 0);
  }
  reply.ok();
}

/** Does the text of argument 3 match the pattern of argument 2? */
function matchPattern({ args, reply }: CommandContext): void {
  const { bytes } = args;
  const matches = globMatches(bytes, args.start(2), args.end(2), bytes, args.start(3), args.end(3));
  reply.integer(matches ? 1 : 0);
}

/** The reply waits until everything has been read anew from the log. */
function reload({ keyspace, node, reply }: CommandContext): void {
  const index = node.tests?.reload() ?? 0;
  if (index === 0) {
    reply.error(ERRORS.cannotReload);
    return;
  }
  keyspace.waitIndex = index;
  reply.ok();
}

export const debug: CommandSpec = {
  name: 'debug',
  arity: -2,
  group: 'server',
  since: '1.0.0',
  summary: 'A container for debugging commands.',
  complexity: 'Depends on subcommand.',
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: ['admin', 'dangerous'],
  keys: [],
  forTests: true,
  scope: 'whole',
  run,
};
