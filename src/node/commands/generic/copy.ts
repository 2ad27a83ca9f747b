/** COPY: copies a value to another key. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { isThere, sameKey } from './move-key.ts';

/** Databases that SELECT and COPY know by number; all but the first are refused in cluster mode. */
const DATABASES = 16;

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const options = readOptions(context);
  if (options === null) return;
  if (options.database !== 0) reply.error(ERRORS.copyToOtherDatabase);
  else if (sameKey(context)) reply.error(ERRORS.sameObject);
  else if (!isThere(context, 1) || (isThere(context, 2) && !options.replace)) reply.integer(0);
  else {
    const { bytes } = args;
    keyspace.copy(bytes, args.start(1), args.end(1), bytes, args.start(2), args.end(2));
    reply.integer(1);
  }
}

/** null with the error written. */
function readOptions({
  args,
  reply,
}: CommandContext): { replace: boolean; database: number } | null {
  const options = { replace: false, database: 0 };
  for (let i = 3; i < args.count; i++) {
    if (args.equalsIgnoreCase(i, 'REPLACE')) {
      options.replace = true;
    } else if (args.equalsIgnoreCase(i, 'DB') && i + 1 < args.count) {
      const database = args.clampedInteger(++i);
      if (database === undefined || database !== (database | 0)) {
        reply.error(database === undefined ? ERRORS.notInteger : ERRORS.outOfIntRange);
        return null;
      }
      if (database < 0 || database >= DATABASES) {
        reply.error(ERRORS.dbIndexOutOfRange);
        return null;
      }
      options.database = database;
    } else {
      reply.error(ERRORS.syntax);
      return null;
    }
  }
  return options;
}

export const copy: CommandSpec = {
  name: 'copy',
  arity: -3,
  group: 'generic',
  since: '6.2.0',
  summary: 'Copies the value of a key to a new key.',
  complexity:
    'O(N) worst case for collections, where N is the number of nested items. O(1) for string values.',
  flags: ['write', 'denyoom'],
  categories: ['keyspace', 'write'],
  keys: [
    { flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['OW', 'update'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  scope: 'keys',
  arguments: [
    { name: 'source', type: 'key', keySpecIndex: 0 },
    { name: 'destination', type: 'key', keySpecIndex: 1 },
    { name: 'destination-db', type: 'integer', token: 'DB', flags: ['optional'] },
    { name: 'replace', type: 'pure-token', token: 'REPLACE', flags: ['optional'] },
  ],
  run,
};
