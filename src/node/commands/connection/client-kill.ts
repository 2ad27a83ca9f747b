/** CLIENT KILL: closes connections of this member. */
import type { ClientFilter, NodePort } from '#node/commands/node-port.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { clientType } from './client-type.ts';

/** Reads `option value` pairs; the text of an error when they are wrong. */
function filterOf(args: Arguments, selfId: number, node: NodePort): ClientFilter | string {
  let filter: ClientFilter = {};
  let skipSelf = true;
  for (let at = 2; at < args.count; at += 2) {
    const value = at + 1;
    if (value >= args.count) return ERRORS.syntax;
    if (args.equalsIgnoreCase(at, 'ID')) {
      const id = args.integer(value);
      if (id === undefined) return ERRORS.clientIdNotPositive;
      if (id < 1) return ERRORS.clientIdNotPositive;
      filter = { ...filter, ids: new Set([Number(id)]) };
    } else if (args.equalsIgnoreCase(at, 'TYPE')) {
      const type = clientType(args.text(value));
      if (type === null) return ERRORS.unknownClientType(args.text(value));
      filter = { ...filter, type };
    } else if (args.equalsIgnoreCase(at, 'ADDR')) {
      filter = { ...filter, address: args.text(value) };
    } else if (args.equalsIgnoreCase(at, 'LADDR')) {
      filter = { ...filter, localAddress: args.text(value) };
    } else if (args.equalsIgnoreCase(at, 'USER')) {
      const userName = args.text(value);
      if (node.users.find(userName) === undefined) return ERRORS.noSuchUser(userName);
      filter = { ...filter, userName };
    } else if (args.equalsIgnoreCase(at, 'SKIPME')) {
      skipSelf = args.equalsIgnoreCase(value, 'YES');
      if (!skipSelf && !args.equalsIgnoreCase(value, 'NO')) return ERRORS.syntax;
    } else {
      return ERRORS.syntax;
    }
  }
  return skipSelf ? { ...filter, skipId: selfId } : filter;
}

function run({ args, reply, session, node }: CommandContext): void {
  if (args.count === 3) {
    // the old form: one address, and killing oneself is fine
    if (node.killClients({ address: args.text(2) }) === 0) reply.error(ERRORS.noSuchClient);
    else reply.ok();
    return;
  }
  const filter = filterOf(args, session.id, node);
  if (typeof filter === 'string') reply.error(filter);
  else reply.integer(node.killClients(filter));
}

export const clientKill: CommandSpec = {
  name: 'kill',
  arity: -3,
  group: 'connection',
  since: '2.4.0',
  summary: 'Terminates open connections.',
  complexity: 'O(N) where N is the number of client connections',
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: ['admin', 'dangerous', 'connection'],
  keys: [],
  scope: 'none',
  arguments: [
    {
      name: 'filter',
      type: 'oneof',
      arguments: [
        { name: 'old-format', type: 'string' },
        {
          name: 'new-format',
          type: 'oneof',
          flags: ['multiple'],
          arguments: [
            { name: 'client-id', token: 'ID', type: 'integer', flags: ['optional'] },
            {
              name: 'client-type',
              token: 'TYPE',
              type: 'oneof',
              flags: ['optional'],
              arguments: [
                { name: 'normal', token: 'NORMAL', type: 'pure-token' },
                { name: 'master', token: 'MASTER', type: 'pure-token' },
                { name: 'slave', token: 'SLAVE', type: 'pure-token' },
                { name: 'replica', token: 'REPLICA', type: 'pure-token' },
                { name: 'pubsub', token: 'PUBSUB', type: 'pure-token' },
              ],
            },
            { name: 'username', token: 'USER', type: 'string', flags: ['optional'] },
            { name: 'addr', token: 'ADDR', type: 'string', flags: ['optional'] },
            { name: 'laddr', token: 'LADDR', type: 'string', flags: ['optional'] },
            {
              name: 'skipme',
              token: 'SKIPME',
              type: 'oneof',
              flags: ['optional'],
              arguments: [
                { name: 'yes', token: 'YES', type: 'pure-token' },
                { name: 'no', token: 'NO', type: 'pure-token' },
              ],
            },
          ],
        },
      ],
    },
  ],
  run,
};
