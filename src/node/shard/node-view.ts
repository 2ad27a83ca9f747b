/** The node as INFO, CLUSTER, CLIENT and ACL commands see it. */
import { SLOT_COUNT } from '#base/slot.ts';
import type { AclLog } from '#node/acl/log.ts';
import type { UserTable } from '#node/acl/users.ts';
import { endpointOf } from '#node/cluster/descriptor.ts';
import type { MemberDescriptor, ShardDescriptor } from '#node/cluster/descriptor.ts';
import type { CommandIndex } from '#node/commands/command-index.ts';
import type {
  ClientFilter,
  ClusterMember,
  ClusterShard,
  NodePort,
  TestPort,
} from '#node/commands/node-port.ts';
import type { SessionPort } from '#node/commands/session-port.ts';
import type { Session } from '#node/session/session.ts';
import { renderMemberInfo } from './info.ts';
import type { Member } from './member.ts';
import type { MemberOptions } from './options.ts';
import type { ServingHost } from './serving.ts';
import { standInOf } from './stand-in.ts';
import { MemberTests } from './tests.ts';

/** Redis' node ids have 40 hexadecimal digits; ours are a memberId with zeros behind it. */
export function nodeIdOf(memberId: string): string {
  return memberId.padEnd(40, '0');
}

export class NodeView implements NodePort {
  readonly commands: CommandIndex;
  readonly nodeId: string;
  readonly tests: TestPort | null;
  readonly #member: Member;
  readonly #host: ServingHost;
  readonly #options: MemberOptions;

  constructor(member: Member, host: ServingHost, options: MemberOptions) {
    this.#member = member;
    this.#host = host;
    this.#options = options;
    this.commands = options.commands;
    this.nodeId = nodeIdOf(options.identity.memberId);
    const { stall } = options;
    this.tests = stall === undefined ? null : new MemberTests(member, host, stall);
  }

  get users(): UserTable {
    return this.#member.users;
  }

  get aclLog(): AclLog {
    return this.#host.aclLog;
  }

  get role(): 'master' | 'replica' {
    return this.#member.raft.role === 'leader' ? 'master' : 'replica';
  }

  info(sections: readonly string[]): string {
    return renderMemberInfo(this.#member, this.#host, this.#options, sections);
  }

  /** `ok` when every slot has an owner with a known primary. */
  get clusterState(): 'ok' | 'fail' {
    let covered = 0;
    for (const descriptor of this.#options.map.shards()) {
      if (this.#primaryOf(descriptor) === '') continue;
      for (const [first, last] of this.#options.map.rangesOf(descriptor.shard)) {
        covered += last - first + 1;
      }
    }
    return covered === SLOT_COUNT ? 'ok' : 'fail';
  }

  get currentEpoch(): number {
    return Math.max(1, this.#options.map.currentEpoch());
  }

  clusterShards(listener: string): readonly ClusterShard[] {
    return this.#options.map.shards().map((descriptor) => this.#clusterShard(descriptor, listener));
  }

  countKeysInSlot(slot: number): number {
    return this.#host.keyspace.countKeysInSlot(slot);
  }

  keysInSlot(slot: number, limit: number): readonly Uint8Array[] {
    return this.#host.keyspace.keysInSlot(slot, limit);
  }

  clients(filter: ClientFilter): readonly SessionPort[] {
    return this.#matching(filter);
  }

  killClients(filter: ClientFilter): number {
    const matching = this.#matching(filter);
    for (const session of matching) session.kill();
    return matching.length;
  }

  holds(write: number): boolean {
    const { batches, raft } = this.#member;
    return raft.durableIndex >= batches.lastIndexOf(write);
  }

  replicasHolding(write: number): number {
    const { batches, raft } = this.#member;
    // nobody counts who has said nothing yet
    const index = Math.max(1, batches.lastIndexOf(write));
    const { logMembers } = this.#options.identity;
    let replicas = 0;
    for (const { id, match, lostLog } of raft.progress()) {
      if (!logMembers.has(id) && !lostLog && match >= index) replicas++;
    }
    return replicas;
  }

  get shardTimeMs(): number {
    return this.#member.shardTimeMs();
  }

  #matching(filter: ClientFilter): Session[] {
    return [...this.#host.sessions.values()].filter((session) => matches(session, filter));
  }

  /** The memberId of a shard's primary; '' when it has none or none is known. */
  #primaryOf(descriptor: ShardDescriptor): string {
    const own = descriptor.shard === this.#options.identity.shard;
    const leader = own ? this.#member.raft.leaderId : descriptor.primary;
    return dataVoters(descriptor).some(({ memberId }) => memberId === leader) ? leader : '';
  }

  #clusterShard(descriptor: ShardDescriptor, listener: string): ClusterShard {
    const primary = this.#primaryOf(descriptor);
    const first = primary || this.#standIn(descriptor, listener);
    const members = dataVoters(descriptor)
      .map((member) => clusterMember(member, member.memberId === first, listener))
      .filter((member) => member !== null)
      .sort((a, b) => (a.role === b.role ? 0 : a.role === 'master' ? -1 : 1));
    return {
      slots: this.#options.map.rangesOf(descriptor.shard),
      epoch: Math.max(1, ...descriptor.slots.map(({ epoch }) => epoch)),
      shardId: descriptor.shard.padStart(40, '0'),
      hasPrimary: primary !== '',
      members,
    };
  }

  #standIn(descriptor: ShardDescriptor, listener: string): string {
    const { shard, memberId } = this.#options.identity;
    if (descriptor.shard !== shard) return '';
    const candidates = dataVoters(descriptor)
      .filter((member) => endpointOf(member, listener) !== undefined)
      .map((member) => member.memberId);
    return standInOf(candidates, descriptor.primary, memberId, this.#host.electing);
  }
}

/** The members that may be primary. */
function dataVoters({ members }: ShardDescriptor): MemberDescriptor[] {
  return members.filter(({ kind, role }) => kind === 'data' && role !== 'learner');
}

function clusterMember(
  member: MemberDescriptor,
  isPrimary: boolean,
  listener: string,
): ClusterMember | null {
  const endpoint = endpointOf(member, listener);
  if (endpoint === undefined) return null;
  return {
    nodeId: nodeIdOf(member.memberId),
    host: endpoint.host,
    ip: endpoint.host,
    port: endpoint.port,
    tls: endpoint.tls,
    busPort: member.peerPort,
    role: isPrimary ? 'master' : 'replica',
    online: member.state === 'online',
    replicationOffset: 0,
  };
}

function matches(session: Session, filter: ClientFilter): boolean {
  if (filter.ids !== undefined && !filter.ids.has(session.id)) return false;
  if (filter.address !== undefined && session.remoteAddress !== filter.address) return false;
  if (filter.localAddress !== undefined && session.localAddress !== filter.localAddress) {
    return false;
  }
  if (filter.userName !== undefined && session.userName !== filter.userName) return false;
  if (filter.type !== undefined && filter.type !== 'normal') return false;
  return filter.skipId !== session.id;
}
