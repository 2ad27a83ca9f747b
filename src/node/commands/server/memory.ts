/** MEMORY: what keys cost, and how the memory of this member is used. */
import { helpOf } from '#node/commands/help.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

function runUsage({ args, keyspace, reply }: CommandContext): void {
  for (let i = 3; i < args.count; i += 2) {
    if (i + 1 === args.count || !args.equalsIgnoreCase(i, 'SAMPLES')) {
      reply.error(ERRORS.syntax);
      return;
    }
    // sizes are known here, so that nothing is sampled
    const samples = args.clampedInteger(i + 1);
    if (samples === undefined || samples < 0) {
      reply.error(samples === undefined ? ERRORS.notInteger : ERRORS.syntax);
      return;
    }
  }
  const { bytes } = args;
  if (keyspace.peek(bytes, args.start(2), args.end(2)) === 'none') reply.null();
  else reply.integer(keyspace.memoryOfFound());
}

function runDoctor({ reply }: CommandContext): void {
  const text =
    'Nothing to report: keys and values are kept in an arena that is compacted as it is used.\n';
  reply.verbatim('txt', text);
}

function runStats({ keyspace, reply }: CommandContext): void {
  const { memoryBytes, size } = keyspace;
  const rows: readonly (readonly [string, number])[] = [
    ['peak.allocated', memoryBytes],
    ['total.allocated', memoryBytes],
    ['keys.count', size],
    ['keys.bytes-per-key', size === 0 ? 0 : Math.floor(memoryBytes / size)],
    ['dataset.bytes', memoryBytes],
  ];
  reply.map(rows.length);
  for (const [name, value] of rows) {
    reply.bulkLatin1(name);
    reply.integer(value);
  }
}

const doctor: CommandSpec = {
  name: 'doctor',
  arity: 2,
  group: 'server',
  since: '4.0.0',
  summary: 'Outputs a memory problems report.',
  complexity: 'O(1)',
  flags: [],
  categories: [],
  keys: [],
  scope: 'none',
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  run: runDoctor,
};

const mallocStats: CommandSpec = {
  name: 'malloc-stats',
  arity: 2,
  group: 'server',
  since: '4.0.0',
  summary: 'Returns the allocator statistics.',
  complexity: 'Depends on how much memory is allocated, could be slow',
  flags: [],
  categories: [],
  keys: [],
  scope: 'none',
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  run: ({ reply }) => reply.bulkLatin1('Stats not supported for the current allocator'),
};

const purge: CommandSpec = {
  name: 'purge',
  arity: 2,
  group: 'server',
  since: '4.0.0',
  summary: 'Asks the allocator to release memory.',
  complexity: 'Depends on how much memory is allocated, could be slow',
  flags: [],
  categories: [],
  keys: [],
  scope: 'none',
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  run: ({ reply }) => reply.ok(),
};

const stats: CommandSpec = {
  name: 'stats',
  arity: 2,
  group: 'server',
  since: '4.0.0',
  summary: 'Returns details about memory usage.',
  complexity: 'O(1)',
  flags: [],
  categories: [],
  keys: [],
  scope: 'whole',
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  run: runStats,
};

const usage: CommandSpec = {
  name: 'usage',
  arity: -3,
  group: 'server',
  since: '4.0.0',
  summary: 'Estimates the memory usage of a key.',
  complexity: 'O(N) where N is the number of samples.',
  flags: ['readonly'],
  categories: ['read'],
  keys: [{ flags: ['RO'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'count', type: 'integer', token: 'SAMPLES', flags: ['optional'] },
  ],
  run: runUsage,
};

const help = helpOf({
  container: 'memory',
  group: 'server',
  since: '4.0.0',
  categories: [],
  lines: [
    'DOCTOR',
    '    Return memory problems reports.',
    'MALLOC-STATS',
    '    Return internal statistics report from the memory allocator.',
    'PURGE',
    '    Attempt to purge dirty pages for reclamation by the allocator.',
    'STATS',
    '    Return information about the memory usage of the server.',
    'USAGE <key> [SAMPLES <count>]',
    '    Return memory in bytes used by <key> and its value. Nested values are',
    '    sampled up to <count> times (default: 5, 0 means sample all).',
  ],
});

export const memory: CommandSpec = {
  name: 'memory',
  arity: -2,
  group: 'server',
  since: '4.0.0',
  summary: 'A container for memory diagnostics commands.',
  complexity: 'Depends on subcommand.',
  flags: [],
  categories: [],
  keys: [],
  scope: 'none',
  subcommands: [doctor, help, mallocStats, purge, stats, usage],
};
