/** CLUSTER SLOTS, SHARDS, NODES, REPLICAS: who serves what, for the listener that the client came by. */
import type { ClusterMember } from '#node/commands/node-port.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import type { ReplyWriter } from '#node/resp/reply.ts';
import { describeMember, findMember } from './shards.ts';

const SHARED = { group: 'cluster', keys: [], scope: 'none' } as const;

/** One node of CLUSTER SLOTS; the name is the preferred endpoint, the address goes beside it. */
function writeSlotsMember(reply: ReplyWriter, member: ClusterMember): void {
  reply.array(4);
  reply.bulkText(member.host);
  reply.integer(member.port);
  reply.bulkText(member.nodeId);
  if (member.ip === '' || member.ip === member.host) {
    reply.map(0);
    return;
  }
  reply.map(1);
  reply.bulkText('ip');
  reply.bulkText(member.ip);
}

export const clusterSlots: CommandSpec = {
  ...SHARED,
  name: 'slots',
  arity: 2,
  since: '3.0.0',
  summary: 'Returns the mapping of cluster slots to nodes.',
  complexity: 'O(N) where N is the total number of Cluster nodes',
  flags: ['loading', 'stale'],
  categories: [],
  tips: ['nondeterministic_output'],
  run: ({ reply, session, node }) => {
    const from = reply.beginArray();
    let count = 0;
    for (const { slots, members } of node.clusterShards(session.listener)) {
      const online = members.filter((member) => member.online || member.role === 'master');
      if (online.length === 0 || online[0].role !== 'master') continue; // nobody is known to have been primary
      for (const [first, last] of slots) {
        reply.array(2 + online.length);
        reply.integer(first);
        reply.integer(last);
        for (const member of online) writeSlotsMember(reply, member);
        count++;
      }
    }
    reply.endArray(from, count);
  },
};

function writeShardsMember(reply: ReplyWriter, member: ClusterMember): void {
  const named = member.host !== member.ip;
  reply.map(named ? 8 : 7);
  reply.bulkText('id');
  reply.bulkText(member.nodeId);
  reply.bulkText(member.tls ? 'tls-port' : 'port');
  reply.integer(member.port);
  reply.bulkText('ip');
  reply.bulkText(member.ip);
  reply.bulkText('endpoint');
  reply.bulkText(member.host);
  if (named) {
    reply.bulkText('hostname');
    reply.bulkText(member.host);
  }
  reply.bulkText('role');
  reply.bulkText(member.role);
  reply.bulkText('replication-offset');
  reply.integer(member.replicationOffset);
  reply.bulkText('health');
  reply.bulkText(member.online ? 'online' : 'fail');
}

export const clusterShards: CommandSpec = {
  ...SHARED,
  name: 'shards',
  arity: 2,
  since: '7.0.0',
  summary: 'Returns the mapping of cluster slots to shards.',
  complexity: 'O(N) where N is the total number of cluster nodes',
  flags: ['loading', 'stale'],
  categories: [],
  tips: ['nondeterministic_output'],
  run: ({ reply, session, node }) => {
    const shards = node.clusterShards(session.listener);
    reply.array(shards.length);
    for (const { slots, members } of shards) {
      reply.map(2);
      reply.bulkText('slots');
      reply.array(slots.length * 2);
      for (const [first, last] of slots) {
        reply.integer(first);
        reply.integer(last);
      }
      reply.bulkText('nodes');
      reply.array(members.length);
      for (const member of members) writeShardsMember(reply, member);
    }
  },
};

export const clusterNodes: CommandSpec = {
  ...SHARED,
  name: 'nodes',
  arity: 2,
  since: '3.0.0',
  summary: 'Returns the cluster configuration for a node.',
  complexity: 'O(N) where N is the total number of Cluster nodes',
  flags: ['stale'],
  categories: [],
  tips: ['nondeterministic_output'],
  run: ({ reply, session, node }) => {
    let out = '';
    for (const shard of node.clusterShards(session.listener)) {
      for (const member of shard.members) out += `${describeMember({ shard, member }, node)}\n`;
    }
    reply.verbatim('txt', out);
  },
};

function replicas({ args, reply, session, node }: CommandContext): void {
  const found = findMember(node.clusterShards(session.listener), args.text(2));
  if (found === null) {
    reply.error(ERRORS.unknownNode(args.text(2)));
    return;
  }
  if (found.member.role !== 'master') {
    reply.error(ERRORS.nodeIsNoMaster);
    return;
  }
  const { shard } = found;
  const others = shard.members.filter((member) => member.role === 'replica');
  reply.array(others.length);
  for (const member of others) reply.bulkText(describeMember({ shard, member }, node));
}

/** CLUSTER REPLICAS and its old name SLAVES. */
export const clusterReplicas: readonly CommandSpec[] = ['replicas', 'slaves'].map((name) => ({
  ...SHARED,
  name,
  arity: 3,
  since: name === 'replicas' ? '5.0.0' : '3.0.0',
  summary: 'Lists the replica nodes of a master node.',
  complexity: 'O(N) where N is the number of replicas.',
  flags: ['admin', 'stale'],
  categories: ['admin', 'dangerous'],
  tips: ['nondeterministic_output'],
  arguments: [{ name: 'node-id', type: 'string' }],
  run: replicas,
}));
