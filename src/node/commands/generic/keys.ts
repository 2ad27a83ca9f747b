/** KEYS: all keys that match a pattern. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { globMatches } from '#node/commands/glob.ts';
import { matchesAll } from '#node/commands/scan-options.ts';

function run({ args, keyspace, reply }: CommandContext): void {
  const pattern = args.bytes;
  const patternStart = args.start(1);
  const patternEnd = args.end(1);
  const all = matchesAll(args, 1);
  const at = reply.beginArray();
  let count = 0;
  keyspace.forEachKey((bytes, start, end) => {
    if (!all && !globMatches(pattern, patternStart, patternEnd, bytes, start, end)) return;
    reply.bulk(bytes, start, end);
    count++;
  });
  reply.endArray(at, count);
}

export const keys: CommandSpec = {
  name: 'keys',
  arity: 2,
  group: 'generic',
  since: '1.0.0',
  summary: 'Returns all key names that match a pattern.',
  complexity:
    'O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length.',
  flags: ['readonly'],
  categories: ['dangerous', 'keyspace', 'read'],
  keys: [],
  scope: 'whole',
  arguments: [{ name: 'pattern', type: 'pattern' }],
  tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
  run,
};
