/** What commands may read of, and do to, the connection that they run on; implemented by `#node/session`. */

import type { User } from '#node/acl/users.ts';
import type { BlockedCommand } from './blocked-command.ts';

export type ReplyMode = 'on' | 'off' | 'skip';

export interface SessionPort {
  /** CLIENT ID: unique for the life of the process, rising. */
  readonly id: number;
  readonly protocol: 2 | 3;
  /** Name of the authenticated user, or '' before authentication. */
  readonly userName: string;
  /** The user whose rights the connection has. */
  readonly user: User;
  /** Commands are refused until AUTH: the connection has not authenticated, and the default user is not open. */
  readonly authRequired: boolean;
  readonly clientName: string;
  /** The listener it came by (see `ClientConnection.listener`). */
  readonly listener: string;
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** READONLY was sent: a replica may answer reads. */
  readonly readOnly: boolean;
  readonly inTransaction: boolean;
  /** The batch with the last effects of this connection's commands (see `NodePort.holds`); 0 before the first. */
  readonly lastWrite: number;

  setProtocol(protocol: 2 | 3): void;
  setClientName(name: string): void;
  setLibrary(attribute: 'lib-name' | 'lib-ver', value: string): void;
  setReadOnly(on: boolean): void;
  setReplyMode(mode: ReplyMode): void;
  setNoEvict(on: boolean): void;
  setNoTouch(on: boolean): void;
  /** Tries to become `userName`; false when user or password is wrong or the user is off. */
  authenticate(userName: string, password: Uint8Array): boolean;
  /** RESET: back to the state of a new connection. */
  reset(): void;
  /** QUIT: closes when the replies before it have left. */
  closeAfterReply(): void;
  /** One line of CLIENT LIST, without the newline. */
  describe(): string;

  /**
   * The command that runs, outside of EXEC, has written no reply: `command` will, at the latest when `timeoutMs` (0:
   * never) have passed. Nothing else of this connection runs until then.
   */
  block(command: BlockedCommand, timeoutMs: number): void;

  beginTransaction(): void;
  /** Runs what is queued as one unit and writes the EXEC reply (array, null when a watched key changed, EXECABORT). */
  executeTransaction(): void;
  discardTransaction(): void;
  /** WATCH of bytes[start, end). */
  watch(bytes: Uint8Array, start: number, end: number): void;
  unwatch(): void;
}
