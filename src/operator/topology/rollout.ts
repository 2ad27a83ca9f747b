/**
 * Which member is restarted next so that its template comes into force: one at a time in the whole
 * cluster, a healthy one only when all others are healthy, an unhealthy one at any time. Log members
 * first, then replicas, the primaries last, each after it has handed over: by then clients have long learnt the
 * new addresses of most replicas.
 */

/** A member as observed. */
export interface RolloutMember {
  readonly name: string;
  readonly shard: string;
  readonly role: 'primary' | 'replica' | 'log' | 'unformed';
  /** Ready, in touch, caught up. */
  readonly healthy: boolean;
  /** Does its pod run what it shall run? */
  readonly current: boolean;
}

export type RolloutStep =
  | { readonly step: 'done' }
  /** Restart `member`; `handOver` first where another data member can take over. */
  | { readonly step: 'restart'; readonly member: string; readonly handOver: boolean }
  /** Not now: these members have to become healthy first. */
  | { readonly step: 'wait'; readonly unhealthy: readonly string[] };

const TURN = { unformed: 0, log: 1, replica: 2, primary: 3 } as const;

export function nextRolloutStep(members: readonly RolloutMember[]): RolloutStep {
  const outdated = members.filter((member) => !member.current);
  if (outdated.length === 0) return { step: 'done' };
  const broken = outdated.find((member) => !member.healthy);
  if (broken !== undefined) return { step: 'restart', member: broken.name, handOver: false };
  const unhealthy = members.filter((member) => !member.healthy).map((member) => member.name);
  if (unhealthy.length > 0) return { step: 'wait', unhealthy };
  const [next] = outdated.toSorted(
    (one, other) => TURN[one.role] - TURN[other.role] || (one.name < other.name ? -1 : 1),
  );
  const handOver =
    next.role === 'primary' &&
    members.some((other) => other.shard === next.shard && other.role === 'replica');
  return { step: 'restart', member: next.name, handOver };
}
