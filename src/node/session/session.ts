/**
 * One client connection as a state machine.
 */
import type { ClientConnection } from '#node/shard/ports.ts';
import type { ReplyWriter } from '#node/resp/reply.ts';
import type { SessionPort } from '#node/commands/session-port.ts';
import type { SessionHost } from './host.ts';

/** (Skeleton: signatures only; the body follows.) */
export declare class Session implements Pick<SessionPort, 'id' | 'userName'> {
  constructor(connection: ClientConnection, host: SessionHost);
  readonly id: number;
  readonly userName: string;
  readonly connection: ClientConnection;
  /** Replies that have not left yet. */
  readonly output: ReplyWriter;
  /** bytes[start, end) arrived. Runs as many commands as it may; keeps the rest. */
  feed(bytes: Uint8Array, start: number, end: number): void;
  /** Goes on with kept input: after an overload has passed, after a park, after `drained`. */
  resume(): void;
  /** Sends the leading replies that wait for at most `index`: call it after commit and lease check. */
  release(index: number): void;
  /** Some reply is withheld. */
  readonly withholding: boolean;
  /** The highest index that a withheld reply waits for; -1 when none is withheld. */
  readonly withheldIndex: number;
  /** Bytes of output not handed to the connection yet. */
  readonly withheldBytes: number;
  /** The outcome of something would be lost with this node's role: withheld replies, MULTI, WATCH (rule W6). */
  readonly entangled: boolean;
  /** Drops everything withheld and destroys the connection (rule W6). */
  abort(): void;
  /** The socket is gone. */
  closed(): void;
  /** The connection's own buffer ran empty. */
  drained(): void;
  /** Users were replaced: closes the connection if its user is gone or off. */
  usersChanged(): void;
  readonly ended: boolean;
}
