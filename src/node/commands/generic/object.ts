/** OBJECT: how a key is kept. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { helpOf } from '#node/commands/help.ts';
import { parseInt64 } from '#node/resp/number.ts';

/** Redis keeps one object for each of these integers and says that it has this many references. */
const SHARED_INTEGERS = 10_000;
const SHARED_REFERENCES = 2 ** 31 - 1;
/** Goes to the key of argument 2; false, with null written, when it is not there. */
function findObject({ args, keyspace, reply }: CommandContext): boolean {
  if (keyspace.peek(args.bytes, args.start(2), args.end(2)) !== 'none') return true;
  reply.null();
  return false;
}

function runEncoding(context: CommandContext): void {
  if (findObject(context)) context.reply.bulkLatin1(context.keyspace.encodingName());
}

function runReferenceCount(context: CommandContext): void {
  const { keyspace, reply } = context;
  if (!findObject(context)) return;
  let isShared = false;
  if (keyspace.encodingName() === 'int') {
    const { bytes, start, end } = keyspace.value;
    const value = parseInt64(bytes, start, end) ?? -1;
    isShared = value >= 0 && value < SHARED_INTEGERS;
  }
  reply.integer(isShared ? SHARED_REFERENCES : 1);
}

function runIdleTime(context: CommandContext): void {
  const { keyspace, reply } = context;
  if (!findObject(context)) return;
  const nowSeconds = Math.floor(keyspace.nowMs / 1000);
  reply.integer(Math.max(0, nowSeconds - keyspace.accessedAtSeconds));
}

function runFrequency(context: CommandContext): void {
  if (findObject(context)) context.reply.error(ERRORS.noLfuPolicy);
}

const encoding: CommandSpec = {
  name: 'encoding',
  arity: 3,
  group: 'generic',
  since: '2.2.3',
  summary: 'Returns the internal encoding of a Redis object.',
  complexity: 'O(1)',
  flags: ['readonly'],
  categories: ['keyspace', 'read'],
  keys: [{ flags: ['RO'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  tips: ['nondeterministic_output'],
  run: runEncoding,
};

const frequency: CommandSpec = {
  name: 'freq',
  arity: 3,
  group: 'generic',
  since: '4.0.0',
  summary: 'Returns the logarithmic access frequency counter of a Redis object.',
  complexity: 'O(1)',
  flags: ['readonly'],
  categories: ['keyspace', 'read'],
  keys: [{ flags: ['RO'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  tips: ['nondeterministic_output'],
  run: runFrequency,
};

const idleTime: CommandSpec = {
  name: 'idletime',
  arity: 3,
  group: 'generic',
  since: '2.2.3',
  summary: 'Returns the time since the last access to a Redis object.',
  complexity: 'O(1)',
  flags: ['readonly'],
  categories: ['keyspace', 'read'],
  keys: [{ flags: ['RO'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  tips: ['nondeterministic_output'],
  run: runIdleTime,
};

const referenceCount: CommandSpec = {
  name: 'refcount',
  arity: 3,
  group: 'generic',
  since: '2.2.3',
  summary: 'Returns the reference count of a value of a key.',
  complexity: 'O(1)',
  flags: ['readonly'],
  categories: ['keyspace', 'read'],
  keys: [{ flags: ['RO'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  tips: ['nondeterministic_output'],
  run: runReferenceCount,
};

const help = helpOf({
  container: 'object',
  group: 'generic',
  since: '6.2.0',
  categories: ['keyspace'],
  lines: [
    'ENCODING <key>',
    '    Return the kind of internal representation used in order to store the value',
    '    associated with a <key>.',
    'FREQ <key>',
    '    Return the access frequency index of the <key>. The returned integer is',
    '    proportional to the logarithm of the recent access frequency of the key.',
    'IDLETIME <key>',
    '    Return the idle time of the <key>, that is the approximated number of',
    '    seconds elapsed since the last access to the key.',
    'REFCOUNT <key>',
    '    Return the number of references of the value associated with the specified',
    '    <key>.',
  ],
});

export const object: CommandSpec = {
  name: 'object',
  arity: -2,
  group: 'generic',
  since: '2.2.3',
  summary: 'A container for object introspection commands.',
  complexity: 'Depends on subcommand.',
  flags: [],
  categories: [],
  keys: [],
  scope: 'none',
  subcommands: [encoding, frequency, help, idleTime, referenceCount],
};
