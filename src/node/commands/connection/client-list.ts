/** CLIENT LIST: a line for each connection of this member. */
import type { ClientFilter } from '#node/commands/node-port.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { clientType } from './client-type.ts';

/** What is asked for, or the text of an error. */
function filterOf(args: Arguments): ClientFilter | string {
  if (args.count === 2) return {};
  if (args.count === 4 && args.equalsIgnoreCase(2, 'TYPE')) {
    const type = clientType(args.text(3));
    return type === null ? ERRORS.unknownClientType(args.text(3)) : { type };
  }
  if (args.count > 3 && args.equalsIgnoreCase(2, 'ID')) {
    const ids = new Set<number>();
    for (let at = 3; at < args.count; at++) {
      const id = args.clampedInteger(at);
      if (id === undefined || id < 1) return ERRORS.invalidClientId;
      ids.add(id);
    }
    return { ids };
  }
  return ERRORS.syntax;
}

function run({ args, reply, node }: CommandContext): void {
  const filter = filterOf(args);
  if (typeof filter === 'string') {
    reply.error(filter);
    return;
  }
  let out = '';
  for (const client of node.clients(filter)) out += `${client.describe()}\n`;
  reply.verbatim('txt', out);
}

export const clientList: CommandSpec = {
  name: 'list',
  arity: -2,
  group: 'connection',
  since: '2.4.0',
  summary: 'Lists open connections.',
  complexity: 'O(N) where N is the number of client connections',
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: ['admin', 'dangerous', 'connection'],
  keys: [],
  scope: 'none',
  tips: ['nondeterministic_output'],
  arguments: [
    {
      name: 'client-type',
      token: 'TYPE',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'normal', token: 'NORMAL', type: 'pure-token' },
        { name: 'master', token: 'MASTER', type: 'pure-token' },
        { name: 'replica', token: 'REPLICA', type: 'pure-token' },
        { name: 'pubsub', token: 'PUBSUB', type: 'pure-token' },
      ],
    },
    { name: 'client-id', token: 'ID', type: 'integer', flags: ['optional', 'multiple'] },
  ],
  run,
};
