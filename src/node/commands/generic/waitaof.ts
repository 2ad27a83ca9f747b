/**
 * WAITAOF: blocks until this member, if asked for, and so many replicas have the connection's writes on disk;
 * answers whether this member has (1 or 0) and how many replicas have. The transaction log plays the part of the
 * append-only file, and is always on.
 */
import { timeoutArgument } from '#node/commands/blocked-command.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { awaitCopies, CopiesAwaited } from './copies-awaited.ts';

function run(context: CommandContext): void {
  const { args, reply, node, session } = context;
  const locals = args.clampedInteger(1);
  if (locals === undefined) {
    reply.error(ERRORS.notInteger);
    return;
  }
  if (locals < 0 || locals > 1) {
    reply.error(ERRORS.valueNotBetween(0, 1));
    return;
  }
  const replicas = args.clampedInteger(2);
  if (replicas === undefined || replicas < 0) {
    reply.error(ERRORS.outOfRangePositive);
    return;
  }
  const timeoutMs = timeoutArgument(context, args, 3);
  if (timeoutMs === undefined) return;
  if (node.role !== 'master') {
    reply.error(ERRORS.waitAofOnReplica);
    return;
  }
  awaitCopies(context, new CopiesAwaited(session.lastWrite, locals, replicas, answer), timeoutMs);
}

function answer({ reply }: CommandContext, locals: number, replicas: number): void {
  reply.array(2);
  reply.integer(locals);
  reply.integer(replicas);
}

export const waitaof: CommandSpec = {
  name: 'waitaof',
  arity: 4,
  group: 'generic',
  since: '7.2.0',
  summary:
    'Blocks until all of the preceding write commands sent by the connection are written to the append-only file of the master and/or replicas.',
  complexity: 'O(1)',
  flags: ['blocking'],
  categories: ['blocking', 'connection'],
  keys: [],
  scope: 'own-writes',
  arguments: [
    { name: 'numlocal', type: 'integer' },
    { name: 'numreplicas', type: 'integer' },
    { name: 'timeout', type: 'integer' },
  ],
  tips: ['request_policy:all_shards', 'response_policy:agg_min'],
  run,
};
