/** The status of a User, from the verdict on it. Pure. */
import { mergeConditions } from '#operator/api/conditions.ts';
import type { USER_CONDITIONS } from '#operator/api/conditions.ts';
import type { UserStatus } from '#operator/api/user.ts';
import type { EventInput } from '#operator/kube/recorder.ts';
import type { UserVerdict } from './judge.ts';

export interface ObservedUser {
  readonly generation: number;
  readonly status: UserStatus | undefined;
  readonly verdict: UserVerdict;
  /** ACLs that name the user. */
  readonly aclNames: readonly string[];
}

export interface UserPlan {
  readonly status: UserStatus;
  readonly events: readonly EventInput[];
}

/** @param now RFC 3339 */
export function planUser(observed: ObservedUser, now: string): UserPlan {
  const { verdict, generation } = observed;
  const { accepted, ready } = verdict;
  const before = observed.status?.conditions ?? [];
  const conditions = mergeConditions<typeof USER_CONDITIONS>(
    before,
    [accepted, ready],
    generation,
    now,
  );
  const status: UserStatus = {
    observedGeneration: generation,
    phase: ready.status === 'True' ? 'active' : 'failed',
    ...(verdict.accessString === '' ? {} : { accessString: verdict.accessString }),
    passwordCount: verdict.passwordCount,
    minimumEngineVersion: verdict.minimumEngineVersion,
    aclNames: observed.aclNames.toSorted(),
    conditions,
  };
  const was = before.find(({ type }) => type === 'Ready');
  const changed = was?.status !== ready.status || was.reason !== ready.reason;
  if (!changed) return { status, events: [] };
  const type = ready.status === 'True' ? 'Normal' : 'Warning';
  const why = ready.reason === 'NotAccepted' ? accepted : ready;
  return {
    status,
    events: [{ type, reason: why.reason, action: 'Reconcile', note: why.message }],
  };
}
