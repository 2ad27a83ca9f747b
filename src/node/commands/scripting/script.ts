/** SCRIPT: the container. There are no scripts yet: none exists, and all of them are forgotten in no time. */
import { helpOf } from '#node/commands/help.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

function runFlush({ args, reply }: CommandContext): void {
  const known = args.equalsIgnoreCase(2, 'SYNC') || args.equalsIgnoreCase(2, 'ASYNC');
  if (args.count > 3 || (args.count === 3 && !known)) reply.error(ERRORS.scriptFlushMode);
  else reply.ok();
}

function runExists({ args, reply }: CommandContext): void {
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) reply.integer(0);
}

const exists: CommandSpec = {
  name: 'exists',
  arity: -3,
  group: 'scripting',
  since: '2.6.0',
  summary: 'Determines whether server-side Lua scripts exist in the script cache.',
  complexity:
    'O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).',
  flags: ['noscript'],
  categories: ['scripting'],
  keys: [],
  scope: 'none',
  arguments: [{ name: 'sha1', type: 'string', flags: ['multiple'] }],
  tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
  run: runExists,
};

const flush: CommandSpec = {
  name: 'flush',
  arity: -2,
  group: 'scripting',
  since: '2.6.0',
  summary: 'Removes all server-side Lua scripts from the script cache.',
  complexity: 'O(N) with N being the number of scripts in cache',
  flags: ['noscript'],
  categories: ['scripting'],
  keys: [],
  scope: 'none',
  arguments: [
    {
      name: 'flush-type',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'async', type: 'pure-token', token: 'ASYNC' },
        { name: 'sync', type: 'pure-token', token: 'SYNC' },
      ],
    },
  ],
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  run: runFlush,
};

const help = helpOf({
  container: 'script',
  group: 'scripting',
  since: '5.0.0',
  categories: ['scripting'],
  lines: [
    'EXISTS <sha1> [<sha1> ...]',
    '    Return information about the existence of the scripts in the script cache.',
    'FLUSH [ASYNC|SYNC]',
    '    Flush the Lua scripts cache. Very dangerous on replicas.',
  ],
});

export const script: CommandSpec = {
  name: 'script',
  arity: -2,
  group: 'scripting',
  since: '2.6.0',
  summary: 'A container for Lua scripts management commands.',
  complexity: 'Depends on subcommand.',
  flags: [],
  categories: [],
  keys: [],
  scope: 'none',
  subcommands: [exists, flush, help],
};
