/** Finding members and shards in what the node tells of the cluster. */
import type { ClusterMember, ClusterShard, NodePort } from '#node/commands/node-port.ts';

export interface Found {
  readonly shard: ClusterShard;
  readonly member: ClusterMember;
}

/** The member with this 40-digit id. */
export function findMember(shards: readonly ClusterShard[], nodeId: string): Found | null {
  for (const shard of shards) {
    for (const member of shard.members) if (member.nodeId === nodeId) return { shard, member };
  }
  return null;
}

/** The primary of a shard, or who stands in for it. */
export function primaryOf(shard: ClusterShard): ClusterMember | null {
  return shard.members.find((member) => member.role === 'master') ?? null;
}

/** Slots in the ranges of `shard`. */
export function slotCount(shard: ClusterShard): number {
  let count = 0;
  for (const [first, last] of shard.slots) count += last - first + 1;
  return count;
}

/** Number of replicas and primaries known, as CLUSTER INFO counts nodes. */
export function memberCount(shards: readonly ClusterShard[]): number {
  let count = 0;
  for (const shard of shards) count += shard.members.length;
  return count;
}

/** A line of CLUSTER NODES (redis.io/commands/cluster-nodes), without its newline. */
export function describeMember({ shard, member }: Found, node: NodePort): string {
  const isPrimary = member.role === 'master';
  const name = member.host === member.ip ? '' : `,${member.host}`;
  const address = `${member.ip}:${member.port}@${member.busPort}${name}`;
  const flags = [isPrimary ? 'master' : 'slave'];
  if (member.nodeId === node.nodeId) flags.unshift('myself');
  if (!member.online) flags.push('fail');
  const primary = isPrimary ? '-' : (primaryOf(shard)?.nodeId ?? '-');
  const link = member.online ? 'connected' : 'disconnected';
  let line = `${member.nodeId} ${address} ${flags.join()} ${primary} 0 0 ${shard.epoch} ${link}`;
  if (!isPrimary) return line;
  for (const [first, last] of shard.slots)
    line += first === last ? ` ${first}` : ` ${first}-${last}`;
  return line;
}
