/** GETEX: replies with a string and changes its expiry. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findString, replyValue } from './find-string.ts';
import { readSetOptions, type SetOptions } from './set-options.ts';
import { readTime, TIME_FORMS } from '#node/commands/expiry.ts';

function run(context: CommandContext): void {
  const options = readSetOptions(context.args, 2, 'getex');
  if (options === null) {
    context.reply.error(ERRORS.syntax);
    return;
  }
  const found = findString(context, 1);
  if (found === 'none') context.reply.null();
  if (found === 'found') replyAndChangeExpiry(context, options);
}

function replyAndChangeExpiry(context: CommandContext, options: SetOptions): void {
  const { args, keyspace } = context;
  const { bytes } = args;
  const start = args.start(1);
  const end = args.end(1);
  if (options.timeForm !== null) {
    const form = TIME_FORMS[options.timeForm];
    const expiresAtMs = readTime(context, options.timeAt, form, 'getex', true);
    if (expiresAtMs === undefined) return;
    replyValue(context);
    if (expiresAtMs <= keyspace.nowMs) keyspace.delete(bytes, start, end);
    else keyspace.setExpiry(bytes, start, end, expiresAtMs);
    return;
  }
  replyValue(context);
  if (options.persist && keyspace.expiresAtMs !== 0) keyspace.setExpiry(bytes, start, end, 0);
}

export const getex: CommandSpec = {
  name: 'getex',
  arity: -2,
  group: 'string',
  since: '6.2.0',
  summary: 'Returns the string value of a key after setting its expiration time.',
  complexity: 'O(1)',
  flags: ['write', 'fast'],
  categories: ['string', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'update'],
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
      notes: 'RW and UPDATE because it changes the TTL',
    },
  ],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    {
      name: 'expiration',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'seconds', type: 'integer', token: 'EX' },
        { name: 'milliseconds', type: 'integer', token: 'PX' },
        { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT' },
        { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT' },
        { name: 'persist', type: 'pure-token', token: 'PERSIST' },
      ],
    },
  ],
  run,
};
