/** GETRANGE: a part of a string. */
import type { CommandSpec } from '#node/commands/spec.ts';
import { replyRange } from './range.ts';

const run = replyRange;

export const getrange: CommandSpec = {
  name: 'getrange',
  arity: 4,
  group: 'string',
  since: '2.4.0',
  summary: 'Returns a substring of the string stored at a key.',
  complexity:
    'O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.',
  flags: ['readonly'],
  categories: ['read', 'string'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'start', type: 'integer' },
    { name: 'end', type: 'integer' },
  ],
  run,
};
