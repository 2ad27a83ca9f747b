/** One accepted client connection, as its session sees it; the shell makes it. */
export interface ClientConnection {
  /** Unique for the life of the process, rising from 1. */
  readonly id: number;
  /** `address:port` of the client. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly tls: boolean;
  /** Which listener it came by: redirects and CLUSTER replies name that listener's endpoints. */
  readonly listener: string;
  /** Sends bytes[start, end), which the caller may change afterwards. At most one call a turn, for speed. */
  send(bytes: Uint8Array, start: number, end: number): void;
  /** Bytes sent here and not yet taken by the kernel. */
  readonly bufferedBytes: number;
  /** Closes after everything queued has been sent. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
  /** Stops and restarts reading from the socket (TCP pushes back on the client). */
  pause(): void;
  resume(): void;
}
