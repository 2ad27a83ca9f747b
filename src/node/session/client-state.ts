/**
 * What a connection is, apart from its input and output: who it is authenticated as, its name and modes, its
 * transaction. This is what commands may read and change (`SessionPort`).
 */
import type { AclDenial } from '#node/acl/log.ts';
import type { User } from '#node/acl/users.ts';
import type { BlockedCommand } from '#node/commands/blocked-command.ts';
import type { ReplyMode } from '#node/commands/session-port.ts';
import type { ClientConnection } from './connection.ts';
import type { SessionHost } from './host.ts';
import { Output } from './output.ts';
import { Transaction } from './transaction.ts';

export abstract class ClientState {
  readonly id: number;
  readonly connection: ClientConnection;
  readonly output: Output;
  readonly transaction = new Transaction();
  /** Monotonic time, milliseconds. */
  readonly createdMs: number;
  /** Monotonic time of the last input. */
  lastInputMs: number;
  clientName = '';
  libraryName = '';
  libraryVersion = '';
  readOnly = false;
  noEvict = false;
  noTouch = false;
  /** Full name of the last command that was looked up. */
  lastCommand = 'NULL';
  lastWrite = 0;
  /** Monotonic time at which the blocked command answers whatever it has waited for; infinite for never. */
  blockedUntilMs = 0;
  blockedCommand: BlockedCommand | null = null;
  /** The connection ends when what is written has left. */
  closing = false;
  protected readonly host: SessionHost;
  #user: User;
  #authenticated = false;
  /** Commands need AUTH first; kept, since every command asks. */
  authRequired: boolean;

  constructor(connection: ClientConnection, host: SessionHost) {
    this.id = connection.id;
    this.connection = connection;
    this.host = host;
    this.output = new Output(host.replies);
    this.#user = host.users.default;
    this.authRequired = !host.users.isOpen;
    this.createdMs = host.clock.monotonicMs();
    this.lastInputMs = this.createdMs;
  }

  /** The connection's standing with regard to authentication has changed. */
  protected abstract standingChanged(): void;
  /** Closes at once, or after the reply to its own command. */
  abstract kill(): void;

  get protocol(): 2 | 3 {
    return this.output.protocol;
  }

  get userName(): string {
    return this.authRequired ? '' : this.#user.name;
  }

  get user(): User {
    return this.#user;
  }

  get listener(): string {
    return this.connection.listener;
  }

  get remoteAddress(): string {
    return this.connection.remoteAddress;
  }

  get localAddress(): string {
    return this.connection.localAddress;
  }

  get inTransaction(): boolean {
    return this.transaction.open;
  }

  setProtocol(protocol: 2 | 3): void {
    this.output.protocol = protocol;
  }

  setClientName(name: string): void {
    this.clientName = name;
  }

  setLibrary(attribute: 'lib-name' | 'lib-ver', value: string): void {
    if (attribute === 'lib-name') this.libraryName = value;
    else this.libraryVersion = value;
  }

  setReadOnly(on: boolean): void {
    this.readOnly = on;
  }

  setReplyMode(mode: ReplyMode): void {
    this.output.setMode(mode);
  }

  setNoEvict(on: boolean): void {
    this.noEvict = on;
  }

  setNoTouch(on: boolean): void {
    this.noTouch = on;
  }

  closeAfterReply(): void {
    this.closing = true;
  }

  authenticate(userName: string, password: Uint8Array): boolean {
    const user = this.host.users.find(userName);
    if (user === undefined || !user.accepts(password)) {
      this.logDenied('auth', this.lastCommand, userName);
      return false;
    }
    this.#user = user;
    this.#authenticated = true;
    this.authRequired = false;
    this.standingChanged();
    return true;
  }

  reset(): void {
    this.discardTransaction();
    this.#user = this.host.users.default;
    this.#authenticated = false;
    this.authRequired = !this.host.users.isOpen;
    this.standingChanged();
    this.clientName = '';
    this.readOnly = false;
    this.noEvict = false;
    this.noTouch = false;
    this.output.setMode('on');
    this.setProtocol(2);
  }

  /**
   * Users were replaced. The connection of a removed or disabled user is closed; others go on with the new
   * rights. A connection that never authenticated has the rights of the default user, whatever it is now.
   */
  usersChanged(): void {
    const { users } = this.host;
    if (!this.#authenticated) {
      this.#user = users.default;
      this.authRequired = !users.isOpen;
      this.standingChanged();
      return;
    }
    const user = users.find(this.#user.name);
    if (user === undefined || !user.on) this.kill();
    else this.#user = user;
  }

  block(command: BlockedCommand, timeoutMs: number): void {
    this.blockedCommand = command;
    const nowMs = this.host.clock.monotonicMs();
    this.blockedUntilMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : nowMs + timeoutMs;
  }

  /** A command has not answered yet, and nothing else runs. */
  get blocked(): boolean {
    return this.blockedCommand !== null;
  }

  beginTransaction(): void {
    this.transaction.open = true;
  }

  discardTransaction(): void {
    this.transaction.close();
    this.unwatch();
  }

  watch(bytes: Uint8Array, start: number, end: number): void {
    this.transaction.watch(this.host.keyspace, bytes, start, end);
  }

  unwatch(): void {
    this.transaction.unwatch(this.host.keyspace);
  }

  abstract describe(): string;

  protected logDenied(reason: AclDenial, object: string, userName = this.#user.name): void {
    const context = this.transaction.open ? 'multi' : 'toplevel';
    const refusal = { reason, context, object, userName, client: this.describe() } as const;
    this.host.aclLog.add(refusal, this.host.clock.wallMs());
  }
}
