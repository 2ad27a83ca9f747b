/**
 * How one shard is formed, and how it is seen afterwards. Pure.
 *
 * Invariants: a record is made only when every expected member answered and no disk among them ever
 * belonged to a shard; where there is a record no other is made, and nobody whom it does not name is
 * bootstrapped. Creating the ConfigMap of the record is what decides; everything before may be repeated.
 */
import type { BootstrapRecord, MemberStatus } from '#operator/nodeclient/wire.ts';
import { memberHost, PEER_PORT } from '#operator/resources/names.ts';
import type { Place } from '#operator/resources/names.ts';
import type { Member } from '#operator/topology/members.ts';
import type { SlotRange } from '#operator/topology/slots.ts';
import type { MemberFacts } from './observed.ts';

export interface ShardFacts {
  readonly shard: string;
  readonly members: readonly Member[];
  readonly facts: ReadonlyMap<string, MemberFacts>;
  readonly record: BootstrapRecord | undefined;
  readonly clusterId: string;
  readonly slots: SlotRange;
  /** `storage.adoptClusterId`: formed volumes of this id may be taken over. */
  readonly adoptClusterId: string;
}

export type FormationStep =
  | { readonly step: 'wait'; readonly why: string }
  /** Nothing may be done without a person. */
  | {
      readonly step: 'blocked';
      readonly reason: 'ForeignVolume' | 'IdentityConflict';
      readonly message: string;
    }
  | { readonly step: 'record'; readonly record: BootstrapRecord }
  | { readonly step: 'bootstrap'; readonly members: readonly string[] }
  | { readonly step: 'formed' };

/** @param now RFC 3339, for the record */
export function nextFormationStep(facts: ShardFacts, place: Place, now: string): FormationStep {
  return facts.record === undefined
    ? beforeRecord(facts, place, now)
    : withRecord(facts, facts.record);
}

function statusOf(facts: ShardFacts, member: Member): MemberStatus | null {
  return facts.facts.get(member.name)?.status ?? null;
}

function beforeRecord(facts: ShardFacts, place: Place, now: string): FormationStep {
  const statuses: [Member, MemberStatus][] = [];
  for (const member of facts.members) {
    const status = statusOf(facts, member);
    if (status === null) return { step: 'wait', why: `${member.name} does not answer yet` };
    statuses.push([member, status]);
  }
  const formed = statuses.filter(([, status]) => status.formed || status.disk.everFormed);
  if (formed.length > 0) return judgeFormed(facts, formed, statuses, place, now);
  return { step: 'record', record: recordOf(facts, statuses, [facts.slots], place, now) };
}

/** There is no record but there are disks that belonged to a shard: only a person may say whose. */
function judgeFormed(
  facts: ShardFacts,
  formed: readonly [Member, MemberStatus][],
  all: readonly [Member, MemberStatus][],
  place: Place,
  now: string,
): FormationStep {
  const ids = new Set(formed.map(([, status]) => status.clusterId));
  const [id = ''] = ids;
  const adopted = facts.adoptClusterId !== '' && ids.size === 1 && id === facts.adoptClusterId;
  if (adopted && id === facts.clusterId && formed.length === all.length) {
    const slots = slotRanges(formed[0][1].slots);
    return { step: 'record', record: recordOf(facts, all, slots, place, now) };
  }
  const names = formed.map(([member]) => member.name).join(', ');
  return {
    step: 'blocked',
    reason: 'ForeignVolume',
    message:
      `the volumes of ${names} belong to the cluster ${[...ids].join(', ') || 'of an unknown id'}, but the ` +
      `record of shard ${facts.shard} is missing; nothing is formed over them`,
  };
}

function withRecord(facts: ShardFacts, record: BootstrapRecord): FormationStep {
  if (record.clusterId !== facts.clusterId) {
    return {
      step: 'blocked',
      reason: 'IdentityConflict',
      message: `the record of shard ${facts.shard} names the cluster ${record.clusterId}, the peer CA ${facts.clusterId}`,
    };
  }
  const unformed: string[] = [];
  for (const member of facts.members) {
    const status = statusOf(facts, member);
    if (status === null) continue;
    if (status.formed && status.clusterId !== record.clusterId) {
      return {
        step: 'blocked',
        reason: 'IdentityConflict',
        message: `the volume of ${member.name} belongs to the cluster ${status.clusterId}`,
      };
    }
    const named = record.voters.some(
      (voter) => voter.name === member.name && voter.memberId === status.memberId,
    );
    // An empty disk whom the record does not name is a new member: it joins by a membership change.
    if (!status.formed && named) unformed.push(member.name);
  }
  return unformed.length > 0 ? { step: 'bootstrap', members: unformed } : { step: 'formed' };
}

function recordOf(
  facts: ShardFacts,
  members: readonly [Member, MemberStatus][],
  slots: readonly SlotRange[],
  place: Place,
  now: string,
): BootstrapRecord {
  return {
    clusterId: facts.clusterId,
    shard: facts.shard,
    createdAt: now,
    voters: members.map(([member, { memberId }]) => ({
      name: member.name,
      memberId,
      kind: member.kind,
      host: memberHost(place, member.name),
      peerPort: PEER_PORT,
    })),
    slots,
  };
}

/** `["0-5460", "7"]` as ranges. */
function slotRanges(texts: readonly string[]): readonly SlotRange[] {
  return texts.map((text): SlotRange => {
    const [first, last = first] = text.split('-').map(Number);
    return [first, last];
  });
}

/** The member that serves the shard's slots by what its members say; the newest term wins. */
export function primaryOf(
  members: readonly Member[],
  facts: ReadonlyMap<string, MemberFacts>,
): { readonly name: string; readonly status: MemberStatus } | undefined {
  let found: { name: string; status: MemberStatus } | undefined;
  for (const { name } of members) {
    const status = facts.get(name)?.status ?? null;
    if (status === null || status.role !== 'primary' || !status.lease) continue;
    if (found === undefined || status.term > found.status.term) found = { name, status };
  }
  return found;
}
