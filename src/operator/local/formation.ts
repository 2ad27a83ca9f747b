/**
 * What a shard needs next to be formed and to serve, decided from what its members say: the operator's
 * order of work (DESIGN §5), without Kubernetes. Pure; its caller does what is answered and asks again.
 *
 * Invariants: a record is made only when every member answered and no disk ever belonged to a shard;
 * once there is a record no other is ever made, and nobody whom it does not name is bootstrapped: such an
 * empty disk joins the shard as a new member (`#operator/topology/membership.ts`).
 */
import type { BootstrapRecord, MemberStatus } from '#operator/nodeclient/wire.ts';
import { type MembershipStep, nextMembershipStep } from '#operator/topology/membership.ts';

export interface Observation {
  readonly name: string;
  /** Null when it does not answer. */
  readonly status: MemberStatus | null;
}

export type FormationStep =
  /** Nothing to do but look again. */
  | { readonly type: 'wait'; readonly why: string }
  /** Nothing that may be done by itself. */
  | { readonly type: 'refuse'; readonly why: string }
  /** Decide the record with these members. */
  | { readonly type: 'record'; readonly memberIds: ReadonlyMap<string, string> }
  /** Give these members the record. */
  | {
      readonly type: 'bootstrap';
      readonly names: readonly string[];
      readonly record: BootstrapRecord;
    }
  /** Bring the voters one step nearer to who should vote. */
  | {
      readonly type: 'membership';
      readonly next: Exclude<MembershipStep, { step: 'settled' | 'leaderless' | 'wait' }>;
      readonly record: BootstrapRecord;
    }
  /** Give this primary the settings. */
  | { readonly type: 'settings'; readonly primary: string }
  | { readonly type: 'ready'; readonly primary: string };

export function nextStep(
  observed: readonly Observation[],
  record: BootstrapRecord | null,
  settingsRevision: number,
): FormationStep {
  if (record === null) return beforeRecord(observed);
  const stranger = findStranger(observed, record);
  if (stranger !== null) return { type: 'refuse', why: stranger };
  const unformed = observed.filter(
    ({ name, status }) => status?.formed === false && isFirst(record, name, status),
  );
  if (unformed.length > 0) {
    return { type: 'bootstrap', names: unformed.map(({ name }) => name), record };
  }
  const next = nextMembershipStep(record, observed);
  const after = afterBootstrap(observed, settingsRevision);
  switch (next.step) {
    case 'settled':
    case 'leaderless':
      return after;
    case 'wait':
      return after.type === 'ready' ? { type: 'wait', why: next.why } : after;
    default:
      return { type: 'membership', next, record };
  }
}

/** The member that serves writes, by what the members say; the newest term wins. Null when none does. */
export function primaryAmong(observed: readonly Observation[]): string | null {
  let primary: string | null = null;
  let newest = -1;
  for (const { name, status } of observed) {
    if (status === null || status.role !== 'primary' || !status.lease) continue;
    if (status.term > newest) {
      primary = name;
      newest = status.term;
    }
  }
  return primary;
}

function beforeRecord(observed: readonly Observation[]): FormationStep {
  const memberIds = new Map<string, string>();
  for (const { name, status } of observed) {
    if (status === null) return { type: 'wait', why: `${name} does not answer yet` };
    if (status.formed || status.disk.everFormed) {
      return {
        type: 'refuse',
        why: `the disk of ${name} belonged to a shard, but the shard's identity is missing`,
      };
    }
    memberIds.set(name, status.memberId);
  }
  return { type: 'record', memberIds };
}

/** What no step may be taken with: a disk of another cluster, or none that is left of a shard. */
function findStranger(observed: readonly Observation[], record: BootstrapRecord): string | null {
  for (const { name, status } of observed) {
    if (!record.voters.some((voter) => voter.name === name)) {
      return `${name} is not in the identity of shard ${record.shard}`;
    }
    if (status?.formed === true && status.clusterId !== record.clusterId) {
      return `the disk of ${name} belongs to the cluster ${status.clusterId}, not ${record.clusterId}`;
    }
  }
  const allEmpty = observed.every(
    ({ name, status }) => status?.formed === false && !isFirst(record, name, status),
  );
  return allEmpty ? `all its members have empty disks; what it held is lost` : null;
}

function isFirst(record: BootstrapRecord, name: string, { memberId }: MemberStatus): boolean {
  return record.voters.some((voter) => voter.name === name && voter.memberId === memberId);
}

function afterBootstrap(observed: readonly Observation[], settingsRevision: number): FormationStep {
  const primary = primaryAmong(observed);
  if (primary === null) return { type: 'wait', why: 'no primary yet' };
  const behind = observed.filter(
    ({ status }) => status?.kind === 'data' && status.settingsRevision < settingsRevision,
  );
  if (behind.some(({ name }) => name === primary)) return { type: 'settings', primary };
  if (behind.length > 0) return { type: 'wait', why: `${behind[0].name} has old settings` };
  const notReady = observed.find(({ status }) => status?.ready !== true);
  if (notReady !== undefined) return { type: 'wait', why: `${notReady.name} is not ready yet` };
  return { type: 'ready', primary };
}
