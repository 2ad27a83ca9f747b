/** SET: sets a string, with conditions and an expiry. */
import type { CommandContext, CommandSpec, KeyFlag } from '#node/commands/spec.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findString, replyValue, setToArgument } from './find-string.ts';
import { readSetOptions } from './set-options.ts';
import { readTime, TIME_FORMS } from '#node/commands/expiry.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  if (args.count === 3) {
    setToArgument(context, 1, 2, 0);
    reply.ok();
    return;
  }
  const options = readSetOptions(args, 3, 'set');
  if (options === null) {
    reply.error(ERRORS.syntax);
    return;
  }
  let expiresAtMs = 0;
  if (options.timeForm !== null) {
    const time = readTime(context, options.timeAt, TIME_FORMS[options.timeForm], 'set', true);
    if (time === undefined) return;
    expiresAtMs = time;
  }
  let isThere: boolean;
  if (options.get) {
    const found = findString(context, 1);
    if (found === 'refused') return;
    isThere = found === 'found';
    if (isThere) replyValue(context);
    else reply.null();
  } else {
    isThere = keyspace.find(args.bytes, args.start(1), args.end(1)) !== 'none';
  }
  if (options.condition === (isThere ? 'NX' : 'XX')) {
    if (!options.get) reply.null();
    return;
  }
  if (options.keepExpiry && isThere) ({ expiresAtMs } = keyspace);
  setToArgument(context, 1, 2, expiresAtMs);
  if (!options.get) reply.ok();
}

/** Without GET the key is only written. */
function keyFlags(args: Arguments): readonly KeyFlag[] {
  for (let at = 3; at < args.count; at++) {
    if (args.equalsIgnoreCase(at, 'GET')) return ['RW', 'access', 'update'];
  }
  return ['OW', 'update'];
}

export const set: CommandSpec = {
  name: 'set',
  arity: -3,
  group: 'string',
  since: '1.0.0',
  summary:
    "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
  complexity: 'O(1)',
  flags: ['write', 'denyoom'],
  categories: ['string', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'update', 'variable_flags'],
      flagsFor: keyFlags,
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
      notes: 'RW and ACCESS due to the optional `GET` argument',
    },
  ],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'value', type: 'string' },
    {
      name: 'condition',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'nx', type: 'pure-token', token: 'NX' },
        { name: 'xx', type: 'pure-token', token: 'XX' },
      ],
    },
    { name: 'get', type: 'pure-token', token: 'GET', flags: ['optional'] },
    {
      name: 'expiration',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'seconds', type: 'integer', token: 'EX' },
        { name: 'milliseconds', type: 'integer', token: 'PX' },
        { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT' },
        { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT' },
        { name: 'keepttl', type: 'pure-token', token: 'KEEPTTL' },
      ],
    },
  ],
  run,
};
