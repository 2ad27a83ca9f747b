/**
 * A small real host for tests of sessions and commands: a real keyspace, real users, all slots here, and a
 * log whose entries are committed when the test says so.
 */
import { latin1, utf8 } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { isAccessError } from '#node/acl/access-string.ts';
import { AclLog } from '#node/acl/log.ts';
import { type UserDefinition, UserTable } from '#node/acl/users.ts';
import { CommandIndex } from '#node/commands/command-index.ts';
import type { ClientFilter, ClusterShard, NodePort, TestPort } from '#node/commands/node-port.ts';
import { TestSettings } from '#node/commands/server/settings.ts';
import { COMMANDS } from '#node/commands/table.ts';
import { Keyspace } from '#node/keyspace/keyspace.ts';
import { ReplyWriter } from '#node/resp/reply.ts';
import type { ClientConnection } from '#node/session/connection.ts';
import { wake } from '#node/session/blocking.ts';
import type { Refusal, SessionHost, SessionLimits } from '#node/session/host.ts';
import { Session } from '#node/session/session.ts';
import { CommandStatistics } from '#node/session/statistics.ts';
import { LEAVES_AT_ONCE } from '#node/session/withheld.ts';

export const OPEN_USER: UserDefinition = {
  name: 'default',
  on: true,
  passwordSha256: [],
  noPassword: true,
  accessString: '~* &* +@all',
};

const commands = new CommandIndex(COMMANDS);
const NODE_ID = 'a'.repeat(40);

/** A connection that keeps what was sent. */
export class TestConnection implements ClientConnection {
  readonly id: number;
  readonly remoteAddress: string;
  readonly localAddress = '127.0.0.1:6379';
  readonly tls = false;
  readonly listener = 'client';
  bufferedBytes = 0;
  paused = false;
  state: 'open' | 'closed' | 'destroyed' = 'open';
  #sent: Uint8Array[] = [];

  constructor(id: number) {
    this.id = id;
    this.remoteAddress = `127.0.0.1:${40_000 + id}`;
  }

  send(bytes: Uint8Array, start: number, end: number): void {
    invariant(this.state === 'open', 'nothing is sent on a closed connection');
    this.#sent.push(bytes.slice(start, end));
  }

  close(): void {
    this.state = 'closed';
  }

  destroy(): void {
    this.state = 'destroyed';
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** What was sent since the last call, one character a byte. */
  take(): string {
    let out = '';
    for (const bytes of this.#sent) out += latin1(bytes);
    this.#sent = [];
    return out;
  }
}

/** `words` as a RESP array of bulk strings. */
export function request(...words: readonly (string | number | Uint8Array)[]): Uint8Array {
  const parts: Uint8Array[] = [utf8(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = typeof word === 'object' ? word : utf8(String(word));
    parts.push(utf8(`$${bytes.length}\r\n`), bytes, utf8('\r\n'));
  }
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A session and the other end of its connection. */
export class TestClient {
  readonly session: Session;
  readonly connection: TestConnection;

  constructor(host: TestHost, id: number) {
    this.connection = new TestConnection(id);
    this.session = new Session(this.connection, host);
    host.sessions.set(id, this.session);
  }

  /** Sends one command; returns what came back at once. */
  send(...words: readonly (string | number | Uint8Array)[]): string {
    this.raw(request(...words));
    return this.connection.take();
  }

  raw(bytes: Uint8Array): void {
    this.session.feed(bytes, 0, bytes.length);
  }
}

export class TestHost implements SessionHost {
  readonly keyspace = new Keyspace({ hashSeed: [1, 2] });
  readonly sessions = new Map<number, Session>();
  limits: SessionLimits = {
    bulkBytes: 512 << 20,
    queryBufferBytes: 1 << 20,
    unauthenticatedQueryBufferBytes: 1 << 16,
    withheldReplyBytes: 1 << 20,
  };
  readonly statistics = new CommandStatistics(commands.size);
  readonly aclLog = new AclLog();
  users: UserTable;
  loaded = true;
  outOfMemory = false;
  readonly diskFull = false;
  overloaded = false;
  waitsForCommit = true;
  readonly replies = new ReplyWriter();
  nowMs = 1_700_000_000_000;
  /** Replies wait for {@link commit} as on a real primary; else a unit is committed when it ends. */
  durable = false;
  /** What {@link route} answers, by slot; the rest runs here. */
  refusals = new Map<number, Refusal>();
  shards: ClusterShard[];
  readonly ended = (session: Session): void => {
    this.sessions.delete(session.id);
    this.blocked.delete(session);
  };
  readonly later = new Set<Session>();
  readonly blocked = new Set<Session>();
  /** Other members that have everything on disk. */
  replicas = 0;
  readonly units: number[] = [];
  readonly node: TestNode;
  readonly clock = { monotonicMs: (): number => this.nowMs, wallMs: (): number => this.nowMs };
  #nextId = 1;

  /** @param commandIndex the commands that the node admits */
  constructor(users: readonly UserDefinition[] = [OPEN_USER], commandIndex = commands) {
    this.users = usersOf(1, users);
    this.keyspace.openIndex = 1;
    this.keyspace.nowMs = this.nowMs;
    this.shards = [ownShard()];
    this.node = new TestNode(this, commandIndex);
  }

  connect(): TestClient {
    return new TestClient(this, this.#nextId++);
  }

  get newestIndex(): number {
    const open = this.keyspace.effects.length > 0;
    return open ? this.keyspace.openIndex : this.keyspace.openIndex - 1;
  }

  route(slot: number): Refusal | null {
    return this.refusals.get(slot) ?? null;
  }

  get turnMs(): number {
    return this.nowMs;
  }

  beginUnit(slot: number): void {
    this.keyspace.nowMs = this.nowMs;
    this.keyspace.beginCommand(slot);
  }

  endUnit(waitIndex: number): void {
    this.units.push(waitIndex);
    if (!this.durable) this.#commitBatch();
  }

  /** Each bout of input is a turn of its own. */
  awaitTurn(session: Session): void {
    session.release(this.durable ? LEAVES_AT_ONCE : this.keyspace.openIndex);
    this.replies.clear();
  }

  awaitWake(session: Session): void {
    this.blocked.add(session);
  }

  /** Other members have `copies` copies of everything from now on: asks the blocked. */
  wake(replicas: number): void {
    this.replicas = replicas;
    for (const session of this.blocked) {
      if (wake(session, this, this.nowMs)) this.blocked.delete(session);
    }
  }

  resumeLater(session: Session): void {
    this.later.add(session);
  }

  /** The open batch is committed, and the lease holds: everything leaves. */
  commit(): void {
    const index = this.#commitBatch();
    for (const session of this.sessions.values()) session.release(index);
  }

  /** Returns the index of the batch that was open. */
  #commitBatch(): number {
    const index = this.keyspace.openIndex;
    this.keyspace.effects.clear();
    this.keyspace.openIndex = index + 1;
    this.keyspace.committed(index);
    return index;
  }

  setUsers(definitions: readonly UserDefinition[]): void {
    this.users = usersOf(this.users.revision + 1, definitions);
    for (const session of this.sessions.values()) session.usersChanged();
  }

  /** The sessions that CLIENT LIST or KILL means. */
  matching(filter: ClientFilter): Session[] {
    return [...this.sessions.values()].filter((session) => {
      if (filter.ids !== undefined && !filter.ids.has(session.id)) return false;
      if (filter.address !== undefined && filter.address !== session.remoteAddress) return false;
      if (filter.localAddress !== undefined && filter.localAddress !== session.localAddress) {
        return false;
      }
      if (filter.userName !== undefined && filter.userName !== session.user.name) return false;
      if (filter.type !== undefined && filter.type !== 'normal') return false;
      return filter.skipId !== session.id;
    });
  }
}

/** The node as commands see it. */
class TestNode implements NodePort {
  readonly commands: CommandIndex;
  readonly tests: TestPort;
  readonly role = 'master';
  readonly nodeId = NODE_ID;
  readonly clusterState = 'ok';
  readonly currentEpoch = 1;
  readonly aclLog: AclLog;
  readonly #host: TestHost;

  constructor(host: TestHost, commandIndex: CommandIndex) {
    this.#host = host;
    this.commands = commandIndex;
    this.tests = testPort(host);
    this.aclLog = host.aclLog;
  }

  get users(): UserTable {
    return this.#host.users;
  }

  get shardTimeMs(): number {
    return this.#host.nowMs;
  }

  info(sections: readonly string[]): string {
    return `sections:${sections.join()}\r\n`;
  }

  clusterShards(): readonly ClusterShard[] {
    return this.#host.shards;
  }

  holds(): boolean {
    return true;
  }

  replicasHolding(): number {
    return this.#host.replicas;
  }

  countKeysInSlot(slot: number): number {
    return this.#host.keyspace.countKeysInSlot(slot);
  }

  keysInSlot(slot: number, limit: number): readonly Uint8Array[] {
    return this.#host.keyspace.keysInSlot(slot, limit);
  }

  clients(filter: ClientFilter): readonly Session[] {
    return this.#host.matching(filter);
  }

  killClients(filter: ClientFilter): number {
    const matching = this.#host.matching(filter);
    for (const session of matching) session.kill();
    return matching.length;
  }
}

/** Nothing is rebuilt here and nobody sleeps; settings are kept. */
function testPort(host: TestHost): TestPort {
  return {
    settings: new TestSettings(host.keyspace.limits),
    activeExpire: true,
    settingsChanged: () => {
      const bulkBytes = host.node.tests.settings.longestStringBytes;
      host.limits = { ...host.limits, bulkBytes };
      for (const session of host.sessions.values()) session.limitsChanged();
    },
    sleep: (durationMs) => {
      host.nowMs += durationMs;
    },
    resetStatistics: () => host.statistics.reset(),
    reload: () => 0,
  };
}

function usersOf(revision: number, definitions: readonly UserDefinition[]): UserTable {
  const table = UserTable.of(revision, definitions, commands.catalog);
  invariant(!isAccessError(table), 'the test users are well-formed');
  return table;
}

function ownShard(): ClusterShard {
  return {
    slots: [[0, 16383]],
    epoch: 1,
    shardId: 'b'.repeat(40),
    hasPrimary: true,
    members: [
      {
        nodeId: NODE_ID,
        host: 'shop-0001-001-0.shop-nodes.default.svc',
        ip: '10.0.0.1',
        port: 6379,
        tls: false,
        busPort: 16379,
        role: 'master',
        online: true,
        replicationOffset: 7,
      },
      {
        nodeId: 'c'.repeat(40),
        host: 'shop-0001-002-0.shop-nodes.default.svc',
        ip: '10.0.0.2',
        port: 6379,
        tls: false,
        busPort: 16379,
        role: 'replica',
        online: true,
        replicationOffset: 6,
      },
    ],
  };
}
