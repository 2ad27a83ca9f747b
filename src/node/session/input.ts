/**
 * A connection's input: what of it is held because nothing may run now, and whether the socket is read at all
 * (rule W9).
 */
import { DEFAULT_DECODER_LIMITS, RequestDecoder } from '#node/resp/decoder.ts';
import type { ClientConnection } from './connection.ts';
import type { SessionLimits } from './host.ts';

/** With more held than this a connection that waits is read no further. */
const MOST_WAITING_BYTES = 64 * 1024;

export class Input {
  readonly decoder = new RequestDecoder();
  /** Nothing of it is consumed. */
  stopped = false;
  readonly #connection: ClientConnection;
  #paused = false;

  constructor(connection: ClientConnection) {
    this.#connection = connection;
  }

  /** Consumes nothing and reads nothing. */
  stop(): void {
    this.stopped = true;
    this.decoder.hold();
    if (this.#paused) return;
    this.#paused = true;
    this.#connection.pause();
  }

  /** Consumes nothing; the socket is read while there is little, so that it shows when the client goes. */
  wait(): void {
    if (this.decoder.heldBytes > MOST_WAITING_BYTES) {
      this.stop();
      return;
    }
    this.stopped = true;
    this.decoder.hold();
    this.readOn();
  }

  /** The socket is read. */
  readOn(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#connection.resume();
  }

  /** @param open the client may send large requests */
  setLimits(limits: SessionLimits, open: boolean): void {
    const requestBytes = open ? limits.queryBufferBytes : limits.unauthenticatedQueryBufferBytes;
    const { bulkBytes } = limits;
    this.decoder.setLimits({ ...DEFAULT_DECODER_LIMITS, bulkBytes, requestBytes }, open);
  }
}
