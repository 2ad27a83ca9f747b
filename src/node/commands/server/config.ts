/**
 * CONFIG, for tests only (process option `enable-test-commands`): what is set is this process' alone, is not
 * logged, and changes nothing that a replica holds. Operators set `spec.parameters` of the cluster.
 */
import { globMatches } from '#node/acl/glob.ts';
import { utf8 } from '#base/bytes.ts';
import { helpOf } from '#node/commands/help.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

function runGet({ args, node, reply }: CommandContext): void {
  const settings = node.tests?.settings;
  const found = new Map<string, string>();
  for (let i = 2; i < args.count; i++) {
    const pattern = utf8(args.text(i).toLowerCase());
    for (const name of settings?.names() ?? []) {
      const text = utf8(name);
      if (globMatches(pattern, text, 0, text.length)) found.set(name, settings?.get(name) ?? '');
    }
  }
  reply.map(found.size);
  for (const [name, value] of found) {
    reply.bulkText(name);
    reply.bulkText(value);
  }
}

function runSet(context: CommandContext): void {
  const { args, node, reply } = context;
  if (node.tests === null) return;
  if (args.count % 2 !== 0) {
    reply.error(ERRORS.wrongArity('config|set'));
    return;
  }
  const { settings } = node.tests;
  // nothing is set unless everything can be
  const seen = new Set<string>();
  for (let i = 2; i < args.count; i += 2) {
    const name = settings.canonical(args.text(i));
    const rule = seen.has(name)
      ? 'duplicate parameter'
      : settings.ruleBroken(name, args.text(i + 1));
    seen.add(name);
    if (rule === null) continue;
    reply.error(ERRORS.configSetFailed(args.text(i), rule));
    return;
  }
  for (let i = 2; i < args.count; i += 2) settings.set(args.text(i), args.text(i + 1));
  node.tests.settingsChanged();
  reply.ok();
}

function runResetStatistics({ node, reply }: CommandContext): void {
  node.tests?.resetStatistics();
  reply.ok();
}

const get: CommandSpec = {
  name: 'get',
  arity: -3,
  group: 'server',
  since: '2.0.0',
  summary: 'Returns the effective values of configuration parameters.',
  complexity: 'O(N) when N is the number of configuration parameters provided',
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: ['admin', 'dangerous'],
  keys: [],
  scope: 'none',
  arguments: [{ name: 'parameter', type: 'string', flags: ['multiple'] }],
  run: runGet,
};

const resetStatistics: CommandSpec = {
  name: 'resetstat',
  arity: 2,
  group: 'server',
  since: '2.0.0',
  summary: "Resets the server's statistics.",
  complexity: 'O(1)',
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: ['admin', 'dangerous'],
  keys: [],
  scope: 'none',
  run: runResetStatistics,
};

const rewrite: CommandSpec = {
  name: 'rewrite',
  arity: 2,
  group: 'server',
  since: '2.8.0',
  summary: 'Persists the effective configuration to file.',
  complexity: 'O(1)',
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: ['admin', 'dangerous'],
  keys: [],
  scope: 'none',
  run: ({ reply }) => reply.error(ERRORS.noConfigFile),
};

const set: CommandSpec = {
  name: 'set',
  arity: -4,
  group: 'server',
  since: '2.0.0',
  summary: 'Sets configuration parameters in-flight.',
  complexity: 'O(N) when N is the number of configuration parameters provided',
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: ['admin', 'dangerous'],
  keys: [],
  scope: 'none',
  arguments: [
    {
      name: 'data',
      type: 'block',
      flags: ['multiple'],
      arguments: [
        { name: 'parameter', type: 'string' },
        { name: 'value', type: 'string' },
      ],
    },
  ],
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  run: runSet,
};

const help = helpOf({
  container: 'config',
  group: 'server',
  since: '5.0.0',
  categories: [],
  lines: [
    'GET <pattern>',
    '    Return parameters matching the glob-like <pattern> and their values.',
    'SET <directive> <value>',
    '    Set the configuration <directive> to <value>.',
    'RESETSTAT',
    '    Reset statistics reported by the INFO command.',
    'REWRITE',
    '    Rewrite the configuration file.',
  ],
});

export const config: CommandSpec = {
  name: 'config',
  arity: -2,
  group: 'server',
  since: '2.0.0',
  summary: 'A container for server configuration commands.',
  complexity: 'Depends on subcommand.',
  flags: [],
  categories: [],
  keys: [],
  forTests: true,
  scope: 'none',
  subcommands: [get, help, resetStatistics, rewrite, set],
};
