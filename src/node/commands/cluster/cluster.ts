/**
 * CLUSTER: the container. What changes the cluster (MEET, FAILOVER, ADDSLOTS, RESET…) belongs to the operator
 * and the shards' own logs, so those subcommands do not exist here.
 */
import { SLOT_COUNT } from '#base/slot.ts';
import { helpOf } from '#node/commands/help.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { clusterCountKeysInSlot, clusterGetKeysInSlot, clusterKeySlot } from './cluster-slot.ts';
import { clusterNodes, clusterReplicas, clusterShards, clusterSlots } from './cluster-topology.ts';
import { findMember, memberCount, primaryOf, slotCount } from './shards.ts';

const SHARED = {
  group: 'cluster',
  complexity: 'O(1)',
  keys: [],
  scope: 'none',
  categories: [],
} as const;

function info({ reply, session, node }: CommandContext): void {
  const shards = node.clusterShards(session.listener);
  let assigned = 0;
  let failed = 0;
  let size = 0;
  for (const shard of shards) {
    const slots = slotCount(shard);
    assigned += slots;
    if (!shard.hasPrimary || primaryOf(shard)?.online !== true) failed += slots;
    if (slots > 0) size++;
  }
  const own = findMember(shards, node.nodeId);
  const lines = [
    `cluster_state:${node.clusterState}`,
    `cluster_slots_assigned:${Math.min(assigned, SLOT_COUNT)}`,
    `cluster_slots_ok:${assigned - failed}`,
    'cluster_slots_pfail:0',
    `cluster_slots_fail:${failed}`,
    `cluster_known_nodes:${memberCount(shards)}`,
    `cluster_size:${size}`,
    `cluster_current_epoch:${node.currentEpoch}`,
    `cluster_my_epoch:${own?.shard.epoch ?? 0}`,
    'cluster_stats_messages_sent:0',
    'cluster_stats_messages_received:0',
    'total_cluster_links_buffer_limit_exceeded:0',
  ];
  reply.verbatim('txt', `${lines.join('\r\n')}\r\n`);
}

const clusterInfo: CommandSpec = {
  ...SHARED,
  name: 'info',
  arity: 2,
  since: '3.0.0',
  summary: 'Returns information about the state of a node.',
  flags: ['stale'],
  tips: ['nondeterministic_output'],
  run: info,
};

const clusterMyId: CommandSpec = {
  ...SHARED,
  name: 'myid',
  arity: 2,
  since: '3.0.0',
  summary: 'Returns the ID of a node.',
  flags: ['stale'],
  run: ({ reply, node }) => reply.bulkText(node.nodeId),
};

const clusterMyShardId: CommandSpec = {
  ...SHARED,
  name: 'myshardid',
  arity: 2,
  since: '7.2.0',
  summary: 'Returns the shard ID of a node.',
  flags: ['stale'],
  tips: ['nondeterministic_output'],
  run: ({ reply, session, node }) => {
    const own = findMember(node.clusterShards(session.listener), node.nodeId);
    reply.bulkText(own?.shard.shardId ?? node.nodeId);
  },
};

const clusterCountFailureReports: CommandSpec = {
  ...SHARED,
  name: 'count-failure-reports',
  arity: 3,
  since: '3.0.0',
  summary: 'Returns the number of active failure reports active for a node.',
  complexity: 'O(N) where N is the number of failure reports',
  flags: ['admin', 'stale'],
  categories: ['admin', 'dangerous'],
  tips: ['nondeterministic_output'],
  arguments: [{ name: 'node-id', type: 'string' }],
  run: ({ args, reply, session, node }) => {
    const id = args.text(2);
    if (findMember(node.clusterShards(session.listener), id) === null) {
      reply.error(ERRORS.unknownNode(id));
    } else {
      reply.integer(0);
    }
  },
};

const clusterLinks: CommandSpec = {
  ...SHARED,
  name: 'links',
  arity: 2,
  since: '7.0.0',
  summary: 'Returns a list of all TCP links to and from peer nodes.',
  complexity: 'O(N) where N is the total number of Cluster nodes',
  flags: ['stale'],
  tips: ['nondeterministic_output'],
  run: ({ reply }) => reply.array(0), // there is no cluster bus
};

const help = helpOf({
  container: 'cluster',
  group: 'cluster',
  since: '5.0.0',
  categories: [],
  lines: [
    'COUNTKEYSINSLOT <slot>',
    '    Return the number of keys in <slot>.',
    'GETKEYSINSLOT <slot> <count>',
    '    Return key names stored by current node in a slot.',
    'INFO',
    '    Return information about the cluster.',
    'KEYSLOT <key>',
    '    Return the hash slot for <key>.',
    'MYID',
    '    Return the node id.',
    'MYSHARDID',
    "    Return the node's shard id.",
    'NODES',
    '    Return cluster configuration seen by node. Output format:',
    '    <id> <ip:port@bus-port[,hostname]> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...',
    'REPLICAS <node-id>',
    '    Return <node-id> replicas.',
    'SLOTS',
    '    Return information about slots range mappings. Each range is made of:',
    '    start, end, master and replicas IP addresses, ports and ids',
    'SHARDS',
    '    Return information about slot range mappings and the nodes associated with them.',
    'LINKS',
    '    Return information about all network links between this node and its peers.',
    '    Output format is an array where each array element is a map containing attributes of a link',
  ],
});

export const cluster: CommandSpec = {
  ...SHARED,
  name: 'cluster',
  arity: -2,
  since: '3.0.0',
  summary: 'A container for Redis Cluster commands.',
  complexity: 'Depends on subcommand.',
  flags: [],
  subcommands: [
    clusterSlots,
    clusterShards,
    clusterNodes,
    ...clusterReplicas,
    clusterInfo,
    clusterKeySlot,
    clusterCountKeysInSlot,
    clusterGetKeysInSlot,
    clusterMyId,
    clusterMyShardId,
    clusterCountFailureReports,
    clusterLinks,
    help,
  ],
};
