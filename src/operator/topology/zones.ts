/**
 * In which zone each member shall run, and how the actual spread is to be judged.
 *
 * Invariants: a member that has a zone keeps it (its volume is there); the voters of a shard are spread
 * as evenly as what is fixed allows, so with three zones or more no zone holds a majority; data
 * members spread before log members, and first primaries over the shards. The same input gives the
 * same zones.
 */
import type { Member } from './members.ts';
import { shardNumber } from './members.ts';

export type ZoneSpread = 'Required' | 'Preferred' | 'Disabled';

/** The choice made once, at creation, where the spec leaves it open. */
export function decideZoneSpread(
  asked: ZoneSpread | undefined,
  zones: readonly string[],
): ZoneSpread {
  if (asked !== undefined) return asked;
  if (zones.length >= 3) return 'Required';
  return zones.length === 0 ? 'Disabled' : 'Preferred';
}

/** The zones to use: those of the spec, else those of the nodes, each once, in a fixed order. */
export function usableZones(
  asked: readonly string[],
  ofNodes: readonly string[],
): readonly string[] {
  const zones = asked.length > 0 ? asked : ofNodes.filter((zone) => zone !== '');
  return [...new Set(zones)].toSorted();
}

/**
 * A zone for each of `members`.
 * @param members all that the cluster shall have, shard by shard, data members first
 * @param zones usable zones; none gives an empty map
 * @param fixed zones of members that have one already (volume or earlier decision)
 */
export function assignZones(
  members: readonly Member[],
  zones: readonly string[],
  fixed: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const assigned = new Map<string, string>();
  /** How many members a zone has of each group. */
  const counts = new Map<string, number>();
  const place = (member: Member, zone: string): void => {
    assigned.set(member.name, zone);
    for (const group of groupsOf(member)) {
      const key = `${zone} ${group}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  };
  for (const member of members) {
    const zone = fixed.get(member.name);
    if (zone !== undefined) place(member, zone);
  }
  if (zones.length === 0) return assigned;
  for (const member of members) {
    if (assigned.has(member.name)) continue;
    const turn = shardNumber(member.shard) - 1 + member.ordinal - 1;
    const scored = zones.map((zone, at) => {
      const rivals = groupsOf(member).map((group) => counts.get(`${zone} ${group}`) ?? 0);
      return {
        zone,
        score: [...rivals, (at + zones.length - (turn % zones.length)) % zones.length],
      };
    });
    scored.sort((one, other) => compare(one.score, other.score));
    place(member, scored[0].zone);
  }
  return assigned;
}

/**
 * The groups whose members shall be in different zones, most important first: voters of the shard, its
 * members of one kind, members with the same part in all shards (first primaries), members of one kind.
 */
function groupsOf({ shard, kind, ordinal }: Member): readonly string[] {
  return [shard, `${shard} ${kind}`, `${kind} ${ordinal}`, kind];
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at === -1 ? 0 : one[at] - other[at];
}

/** A voter as it is: `zone` undefined when its node is unknown or has no zone. */
export interface PlacedVoter {
  readonly name: string;
  readonly shard: string;
  readonly kind: 'data' | 'log';
  readonly zone: string | undefined;
}

export interface SpreadJudgement {
  /** MultiAZ: after the loss of any one zone each shard still has a majority and a data member. */
  readonly availabilityMode: 'MultiAZ' | 'SingleAZ';
  /** Reason of the condition ZoneSpread; True only for `Spread`. */
  readonly reason: 'Spread' | 'Concentrated' | 'TooFewZones' | 'ZonesUnknown';
  readonly message: string;
}

/** How the voters of all shards are actually spread. */
export function judgeSpread(voters: readonly PlacedVoter[]): SpreadJudgement {
  const unknown = voters.filter((voter) => voter.zone === undefined);
  if (voters.length === 0 || unknown.length > 0) {
    const names = unknown.map((voter) => voter.name).slice(0, 5);
    const message = voters.length === 0 ? 'no voters yet' : `no zone known of ${names.join(', ')}`;
    return { availabilityMode: 'SingleAZ', reason: 'ZonesUnknown', message };
  }
  const zones = new Set(voters.map((voter) => voter.zone));
  const shards = Map.groupBy(voters, (voter) => voter.shard);
  for (const [shard, members] of shards) {
    const majority = Math.floor(members.length / 2) + 1;
    for (const zone of zones) {
      const here = members.filter((voter) => voter.zone === zone).length;
      if (members.length - here >= majority) continue;
      return {
        availabilityMode: 'SingleAZ',
        reason: zones.size < 3 ? 'TooFewZones' : 'Concentrated',
        message: `shard ${shard} would lose its majority with ${zone}: ${here} of ${members.length} voters are there`,
      };
    }
  }
  const single = [...shards].find(([, members]) => {
    const data = members.filter((voter) => voter.kind === 'data');
    return new Set(data.map((voter) => voter.zone)).size < 2;
  });
  return {
    availabilityMode: single === undefined ? 'MultiAZ' : 'SingleAZ',
    reason: 'Spread',
    message: `voters of every shard are spread over ${zones.size} zones, none of which holds a majority`,
  };
}
