/**
 * FUNCTION: the container. There are no functions yet, so all of them are listed and deleted in no time; what
 * would make one is not there.
 */
import { helpOf } from '#node/commands/help.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

function runFlush({ args, reply }: CommandContext): void {
  const known = args.equalsIgnoreCase(2, 'SYNC') || args.equalsIgnoreCase(2, 'ASYNC');
  if (args.count > 3 || (args.count === 3 && !known)) reply.error(ERRORS.functionFlushMode);
  else reply.ok();
}

function runList({ args, reply }: CommandContext): void {
  let named = false;
  let withCode = false;
  for (let i = 2; i < args.count; i++) {
    if (!withCode && args.equalsIgnoreCase(i, 'WITHCODE')) {
      withCode = true;
    } else if (!named && args.equalsIgnoreCase(i, 'LIBRARYNAME')) {
      named = true;
      if (++i === args.count) {
        reply.error(ERRORS.libraryNameMissing);
        return;
      }
    } else {
      reply.error(ERRORS.unknownArgument(args.text(i)));
      return;
    }
  }
  reply.array(0);
}

const flush: CommandSpec = {
  name: 'flush',
  arity: -2,
  group: 'scripting',
  since: '7.0.0',
  summary: 'Deletes all libraries and functions.',
  complexity: 'O(N) where N is the number of functions deleted',
  flags: ['write', 'noscript'],
  categories: ['scripting', 'write'],
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
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  run: runFlush,
};

const list: CommandSpec = {
  name: 'list',
  arity: -2,
  group: 'scripting',
  since: '7.0.0',
  summary: 'Returns information about all libraries.',
  complexity: 'O(N) where N is the number of functions',
  flags: ['noscript'],
  categories: ['scripting'],
  keys: [],
  scope: 'none',
  arguments: [
    { name: 'library-name-pattern', type: 'string', token: 'LIBRARYNAME', flags: ['optional'] },
    { name: 'withcode', type: 'pure-token', token: 'WITHCODE', flags: ['optional'] },
  ],
  tips: ['nondeterministic_output_order'],
  run: runList,
};

const help = helpOf({
  container: 'function',
  group: 'scripting',
  since: '7.0.0',
  categories: ['scripting'],
  lines: [
    'LIST [LIBRARYNAME PATTERN] [WITHCODE]',
    '    Return general information on all the libraries:',
    '    * Library name',
    '    * The engine used to run the Library',
    '    * Library description',
    '    * Functions list',
    '    * Library code (if WITHCODE is given)',
    '    It also possible to get only function that matches a pattern using LIBRARYNAME argument.',
    'FLUSH [ASYNC|SYNC]',
    '    Delete all the libraries.',
  ],
});

export const functions: CommandSpec = {
  name: 'function',
  arity: -2,
  group: 'scripting',
  since: '7.0.0',
  summary: 'A container for function commands.',
  complexity: 'Depends on subcommand.',
  flags: [],
  categories: [],
  keys: [],
  scope: 'none',
  subcommands: [flush, list, help],
};
