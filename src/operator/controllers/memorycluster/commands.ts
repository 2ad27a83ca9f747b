/**
 * Commands given as annotations on the MemoryCluster, `holdfast.dev/<command>: "<argument>@<token>"`. Each token
 * is run once; what came of it is in status.commands. Pure.
 */
import type { Action } from './actions.ts';
import type { ClusterView } from './cluster-view.ts';

/** Commands that work; the others are refused when they are given. */
const PREFIX = 'holdfast.dev/';

export interface GivenCommand {
  readonly name: string;
  readonly argument: string;
  readonly token: string;
}

/** The commands that have not been run yet. */
export function newCommands(view: ClusterView): readonly GivenCommand[] {
  const { annotations = {} } = view.observed.object.metadata;
  const done = view.observed.previous?.commands ?? [];
  const value = annotations[`${PREFIX}failover`];
  const at = value?.lastIndexOf('@') ?? -1;
  if (value === undefined || at < 0) return [];
  const token = value.slice(at + 1);
  if (token === '' || done.some((run) => run.name === 'failover' && run.token === token)) return [];
  return [{ name: 'failover', argument: value.slice(0, at), token }];
}

/**
 * failover: the primary of the shard that the argument names hands over; to the member that the
 * argument names, when it names one.
 */
export function commandActions(view: ClusterView): readonly Action[] {
  return newCommands(view).flatMap(({ name, argument, token }): Action[] => {
    const shard = view.shards.find(
      (shard) =>
        shard.name === argument || shard.members.some((member) => member.name === argument),
    );
    if (shard?.primary === undefined) return [];
    const target =
      argument === shard.name ? '' : (view.observed.members.get(argument)?.status?.memberId ?? '');
    const { configIndex, term } = shard.primary.status;
    const command = { name, token };
    return [{ type: 'hand-over', member: shard.primary.name, configIndex, term, target, command }];
  });
}
