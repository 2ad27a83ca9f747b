/**
 * Which members a cluster shall have: names, kinds, how many of each. Names are stable: growing adds
 * names at the end, shrinking takes them from the end, and a name never changes its meaning.
 */

export type MemberKind = 'data' | 'log';

/** One member by its place in the cluster. */
export interface Member {
  /** `shop-0001-001` (data) or `shop-0001-l01` (log). */
  readonly name: string;
  readonly shard: string;
  readonly kind: MemberKind;
  /** From 1, among the members of its shard and kind. */
  readonly ordinal: number;
}

/** Members of one shard. */
export interface MemberCounts {
  readonly data: number;
  readonly log: number;
}

/** The part of a spec that decides the members. */
export interface Shape {
  readonly numShards: number;
  readonly numReplicasPerShard: number;
  readonly transactionLog: { readonly copies: number };
}

/** Every data member votes; log members bring the voters to an odd number of at least `copies`. */
export function memberCounts(shape: Omit<Shape, 'numShards'>): MemberCounts {
  const data = shape.numReplicasPerShard + 1;
  const voters = Math.max(shape.transactionLog.copies, data % 2 === 0 ? data + 1 : data);
  return { data, log: voters - data };
}

/** The name of the shard with this number, from 1: `0001`. */
export function shardName(number: number): string {
  return String(number).padStart(4, '0');
}

/** The number of a shard, from 1. */
export function shardNumber(shard: string): number {
  return Number(shard);
}

export function shardNames(numShards: number): readonly string[] {
  return Array.from({ length: numShards }, (_, at) => shardName(at + 1));
}

export function memberName(
  cluster: string,
  shard: string,
  kind: MemberKind,
  ordinal: number,
): string {
  const place =
    kind === 'data' ? String(ordinal).padStart(3, '0') : `l${String(ordinal).padStart(2, '0')}`;
  return `${cluster}-${shard}-${place}`;
}

const MEMBER_NAME = /^(.+)-([0-9]{4})-(?:([0-9]{3})|l([0-9]{2}))$/;

/** What a member's name says; undefined when it is not the name of a member. */
export function parseMemberName(name: string): (Member & { readonly cluster: string }) | undefined {
  const [, cluster, shard, data, log] = MEMBER_NAME.exec(name) ?? [];
  if (cluster === undefined || shard === undefined) return undefined;
  const kind = data === undefined ? 'log' : 'data';
  return { cluster, name, shard, kind, ordinal: Number(data ?? log) };
}

/** The members of one shard: data members first, each kind in order. */
export function shardMembers(
  cluster: string,
  shard: string,
  counts: MemberCounts,
): readonly Member[] {
  const ofKind = (kind: MemberKind, count: number): Member[] =>
    Array.from({ length: count }, (_, at) => {
      const ordinal = at + 1;
      return { name: memberName(cluster, shard, kind, ordinal), shard, kind, ordinal };
    });
  return [...ofKind('data', counts.data), ...ofKind('log', counts.log)];
}

/** The members of the whole cluster, shard by shard. */
export function clusterMembers(cluster: string, shape: Shape): readonly Member[] {
  const counts = memberCounts(shape);
  return shardNames(shape.numShards).flatMap((shard) => shardMembers(cluster, shard, counts));
}
