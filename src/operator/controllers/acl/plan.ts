/** The status of an ACL, from its users and from what its clusters have applied. Pure. */
import { mergeConditions } from '#operator/api/conditions.ts';
import type { ACL_CONDITIONS, ConditionIntent } from '#operator/api/conditions.ts';
import type { AclStatus } from '#operator/api/acl.ts';
import type { Acl } from '#operator/api/kinds.ts';
import { describeErrors } from '#operator/api/parse.ts';
import type { Parsed } from '#operator/api/parse.ts';
import type { UsersInForce } from '#operator/controllers/world.ts';
import type { EventInput } from '#operator/kube/recorder.ts';

/** A user that the ACL names. */
export type NamedUser = 'missing' | 'ready' | { readonly reason: string };

export interface ObservedAcl {
  readonly generation: number;
  readonly acl: Parsed<Acl>;
  readonly status: AclStatus | undefined;
  readonly users: ReadonlyMap<string, NamedUser>;
  /** The clusters that name the ACL; null where nothing is known yet of what they have applied. */
  readonly clusters: ReadonlyMap<string, UsersInForce | null>;
}

export interface AclPlan {
  readonly status: AclStatus;
  readonly events: readonly EventInput[];
}

type AclIntent = ConditionIntent<typeof ACL_CONDITIONS>;

/** A User of this name need not exist: without one it is off. */
const DEFAULT_USER = 'default';

/** @param now RFC 3339 */
export function planAcl(observed: ObservedAcl, now: string): AclPlan {
  const { acl, generation, clusters } = observed;
  const before = observed.status?.conditions ?? [];
  const accepted: AclIntent = acl.ok
    ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'the ACL is valid' }
    : { type: 'Accepted', status: 'False', reason: 'Invalid', message: describeErrors(acl.errors) };
  const ready = acl.ok ? judge(acl.value.spec.userNames, observed.users) : notAccepted();
  const wanted = acl.ok ? acl.value.spec.userNames : [];
  const { userNames, pendingChanges } = inForce(wanted, observed);
  const status: AclStatus = {
    observedGeneration: generation,
    phase:
      ready.status !== 'True' ? 'failed' : pendingChanges === undefined ? 'active' : 'modifying',
    userNames,
    clusters: [...clusters.keys()].toSorted(),
    ...(pendingChanges === undefined ? {} : { pendingChanges }),
    conditions: mergeConditions<typeof ACL_CONDITIONS>(before, [accepted, ready], generation, now),
  };
  const was = before.find(({ type }) => type === 'Ready');
  if (was?.status === ready.status && was.reason === ready.reason) return { status, events: [] };
  const type = ready.status === 'True' ? 'Normal' : 'Warning';
  return {
    status,
    events: [{ type, reason: ready.reason, action: 'Reconcile', note: ready.message }],
  };
}

function notAccepted(): AclIntent {
  return {
    type: 'Ready',
    status: 'False',
    reason: 'NotAccepted',
    message: 'the ACL is not accepted',
  };
}

function judge(names: readonly string[], users: ReadonlyMap<string, NamedUser>): AclIntent {
  const of = (state: string): string[] =>
    names.filter((name) => (users.get(name) ?? 'missing') === state);
  const missing = of('missing').filter((name) => name !== DEFAULT_USER);
  if (missing.length > 0) {
    const message = `there is no User ${missing.join(', ')}; the others are in force`;
    return { type: 'Ready', status: 'False', reason: 'UserNotFound', message };
  }
  for (const name of names) {
    const user = users.get(name);
    if (typeof user === 'object') {
      const message = `User ${name} cannot be used: ${user.reason}; what was last applied of it stays`;
      return { type: 'Ready', status: 'False', reason: 'UserNotReady', message };
    }
  }
  if (names.includes(DEFAULT_USER) && users.get(DEFAULT_USER) === 'missing') {
    const message = 'all users are ready; default is off, because there is no User default';
    return { type: 'Ready', status: 'True', reason: 'ActiveDefaultOff', message };
  }
  return { type: 'Ready', status: 'True', reason: 'Active', message: 'all users are ready' };
}

/** The users that every cluster admits, and what is still to come or to go. */
function inForce(
  wanted: readonly string[],
  observed: ObservedAcl,
): Pick<AclStatus, 'userNames' | 'pendingChanges'> {
  const existing = wanted.filter((name) => (observed.users.get(name) ?? 'missing') !== 'missing');
  const settled = [...observed.clusters.values()].every(
    (cluster) => cluster?.applied === true && sameNames(cluster.userNames, existing),
  );
  if (settled) return { userNames: existing.toSorted() };
  // What was in force stays said until every cluster has the new users.
  const before = observed.status?.userNames ?? [];
  const userNamesToAdd = existing.filter((name) => !before.includes(name)).toSorted();
  const userNamesToRemove = before.filter((name) => !existing.includes(name)).toSorted();
  if (userNamesToAdd.length + userNamesToRemove.length === 0) return { userNames: before };
  return { userNames: before, pendingChanges: { userNamesToAdd, userNamesToRemove } };
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name));
}
