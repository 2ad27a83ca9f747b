/** TYPE: what a key holds. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ args, keyspace, reply }: CommandContext): void {
  reply.simple(keyspace.peek(args.bytes, args.start(1), args.end(1)));
}

export const type: CommandSpec = {
  name: 'type',
  arity: 2,
  group: 'generic',
  since: '1.0.0',
  summary: 'Determines the type of value stored at a key.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['keyspace', 'read'],
  keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  run,
};
