/** What commands may read of, and do to, the connection that they run on; implemented by `#node/session`. */

export type ReplyMode = 'on' | 'off' | 'skip';

export interface SessionPort {
  /** CLIENT ID: unique for the life of the process, rising. */
  readonly id: number;
  readonly protocol: 2 | 3;
  /** Name of the authenticated user, or '' before authentication. */
  readonly userName: string;
  readonly clientName: string;
  /** READONLY was sent: a replica may answer reads. */
  readonly readOnly: boolean;
  readonly inTransaction: boolean;

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

  beginTransaction(): void;
  /** Runs what is queued as one unit and writes the EXEC reply (array, null when a watched key changed, EXECABORT). */
  executeTransaction(): void;
  discardTransaction(): void;
  watch(keys: readonly Uint8Array[]): void;
  unwatch(): void;
}
