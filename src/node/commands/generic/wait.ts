/**
 * WAIT: blocks until so many replicas have the connection's writes on disk; answers how many have. Redis counts
 * replicas that have received them; one of ours says so only when they are on its disk.
 */
import { timeoutArgument } from '#node/commands/blocked-command.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { awaitCopies, CopiesAwaited } from './copies-awaited.ts';

function run(context: CommandContext): void {
  const { args, reply, node, session } = context;
  if (node.role !== 'master') {
    reply.error(ERRORS.waitOnReplica);
    return;
  }
  const replicas = args.clampedInteger(1);
  if (replicas === undefined) {
    reply.error(ERRORS.notInteger);
    return;
  }
  const timeoutMs = timeoutArgument(context, args, 2);
  if (timeoutMs === undefined) return;
  awaitCopies(context, new CopiesAwaited(session.lastWrite, 0, replicas, answer), timeoutMs);
}

function answer({ reply }: CommandContext, _locals: number, replicas: number): void {
  reply.integer(replicas);
}

export const wait: CommandSpec = {
  name: 'wait',
  arity: 3,
  group: 'generic',
  since: '3.0.0',
  summary:
    'Blocks until the asynchronous replication of all preceding write commands sent by the connection is completed.',
  complexity: 'O(1)',
  flags: ['blocking'],
  categories: ['blocking', 'connection'],
  keys: [],
  scope: 'own-writes',
  arguments: [
    { name: 'numreplicas', type: 'integer' },
    { name: 'timeout', type: 'integer' },
  ],
  tips: ['request_policy:all_shards', 'response_policy:agg_min'],
  run,
};
