/**
 * The client port, TCP or TLS: accepts connections, hands their bytes to the shard, and sends replies.
 *
 * Plaintext sockets are read into one buffer for the whole process (`onread`), which public API offers
 * only for outgoing sockets: the listener's private `_handle.onconnection` is replaced to wrap accepted
 * handles, and their bytes pass by the streams (raw-stream.ts). Where that is missing, and for TLS, the public
 * 'connection' and 'data' events do the same; `stats.staticRead` and `stats.raw` say which it is.
 *
 * Invariants: `open` is called once a connection and `closed` once after it; no handler is called after
 * `closed`; no more than `maxConnections` are open.
 */
import { createServer, Socket } from 'node:net';
import type { AddressInfo, Server, SocketConstructorOpts } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Server as TlsServer } from 'node:tls';
import type { Clients } from '#node/shard/ports.ts';
import { Connection } from './connection.ts';
import type { TlsFiles, TlsMaterial } from './tls-files.ts';

export interface ClientListenerOptions {
  /** Name in descriptors and redirects. */
  readonly listener: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** null: plaintext. */
  readonly tls: TlsFiles | null;
  readonly clientAuth: 'none' | 'optional' | 'required';
  readonly maxConnections: number;
  /** 0: off. */
  readonly keepAliveSeconds: number;
  /** Longest TLS handshake. Default 10000. */
  readonly handshakeTimeoutMs?: number;
  /** How long a connection that is being closed may take to accept its last bytes. Default 10000. */
  readonly closeTimeoutMs?: number;
  /** False: do not use the shared read buffer. Default true. */
  readonly staticRead?: boolean;
}

/** Figures since start; plain numbers, read at a scrape. */
export interface ClientStats {
  open: number;
  accepted: number;
  rejected: number;
  inputBytes: number;
  outputBytes: number;
  /** Plaintext connections are read into the shared buffer. */
  staticRead: boolean;
  /** The newest connection is read and written past its stream (raw-stream.ts). */
  raw: boolean;
}

/** Bytes of the shared read buffer: as much as the kernel gives in one read under load. */
const READ_BUFFER_BYTES = 64 * 1024;
const TOO_MANY = Buffer.from('-ERR max number of clients reached\r\n', 'latin1');
/** Handshakes under way beyond maxConnections, so that a full server can still say so over TLS. */
const HANDSHAKE_ALLOWANCE = 64;

/** No Buffer: slice() of a Buffer does not copy, and pure rooms rely on copies. */
const readBuffer = new Uint8Array(READ_BUFFER_BYTES);
let lastConnectionId = 0;

/** The part of the private listening handle that the shared read buffer needs. */
interface ListenHandle {
  onconnection?: (status: number, handle: AcceptedHandle | undefined) => void;
}

/** What the kernel accepted; private to Node, only passed on. */
type AcceptedHandle = object;

export class ClientListener {
  readonly stats: ClientStats = {
    open: 0,
    accepted: 0,
    rejected: 0,
    inputBytes: 0,
    outputBytes: 0,
    staticRead: false,
    raw: false,
  };
  readonly #options: ClientListenerOptions;
  readonly #clients: Clients;
  readonly #connections = new Set<Connection>();
  readonly #server: Server | TlsServer;
  readonly #stopWatching: () => void;
  #rawSockets = 0;

  constructor(options: ClientListenerOptions, clients: Clients) {
    this.#options = options;
    this.#clients = clients;
    if (options.tls === null) {
      this.#server = createServer({ allowHalfOpen: true, noDelay: true });
      this.#server.on('connection', (socket) => this.#accept(socket, false));
      this.#stopWatching = () => undefined;
    } else {
      const server = createTlsServer({
        ...secureContext(options.tls.current),
        requestCert: options.clientAuth !== 'none',
        rejectUnauthorized: options.clientAuth === 'required',
        handshakeTimeout: options.handshakeTimeoutMs ?? 10_000,
        allowHalfOpen: true,
        noDelay: true,
      });
      server.on('connection', (socket: Socket) => this.#countRaw(socket));
      server.on('secureConnection', (socket) => this.#accept(socket, true));
      // a failed handshake is the client's trouble
      server.on('tlsClientError', (_, socket) => socket.destroy());
      this.#stopWatching = options.tls.onChange((material) =>
        server.setSecureContext(secureContext(material)),
      );
      this.#server = server;
    }
  }

  /** Begins to accept; resolves with the port. Rejects with the system's error (`EADDRINUSE`…). */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      const server = this.#server;
      server.once('error', reject);
      server.listen({ host: this.#options.host, port: this.#options.port, backlog: 511 }, () => {
        server.removeListener('error', reject);
        // EMFILE and the like while accepting: the client sees a refused connection, we go on
        server.on('error', () => undefined);
        if (this.#options.tls === null && this.#options.staticRead !== false) this.#readStatic();
        resolve((server.address() as AddressInfo).port);
      });
    });
  }

  /** Accepts no more; open connections go on. */
  stopAccepting(): void {
    this.#stopWatching();
    if (this.#server.listening) this.#server.close();
  }

  /** Stops accepting, sends what is queued, closes every connection; resolves when all are gone. */
  async close(): Promise<void> {
    this.stopAccepting();
    const gone = [...this.#connections].map((connection) => connection.gone);
    for (const connection of this.#connections) connection.close();
    await Promise.all(gone);
  }

  #readStatic(): void {
    const handle = (this.#server as unknown as { _handle?: ListenHandle | null })._handle;
    if (!handle || typeof handle.onconnection !== 'function') return;
    handle.onconnection = (status, accepted) => {
      if (status !== 0 || accepted === undefined) return;
      let connection: Connection | null = null;
      const socket = new Socket({
        handle: accepted,
        readable: true,
        writable: true,
        allowHalfOpen: true,
        onread: {
          buffer: readBuffer,
          callback: (count: number) => {
            connection?.received(readBuffer, count);
            return true;
          },
        },
      } as SocketConstructorOpts);
      socket.setNoDelay(true);
      connection = this.#accept(socket, false, true);
    };
    this.stats.staticRead = true;
  }

  #countRaw(socket: Socket): void {
    this.#rawSockets++;
    socket.on('close', () => this.#rawSockets--);
    if (this.#rawSockets > this.#options.maxConnections + HANDSHAKE_ALLOWANCE) {
      this.stats.rejected++;
      socket.destroy();
    }
  }

  #accept(socket: Socket, tls: boolean, staticRead = false): Connection | null {
    // a reset is how clients leave; 'close' follows
    socket.on('error', () => undefined);
    if (this.stats.open >= this.#options.maxConnections) {
      this.stats.rejected++;
      socket.end(TOO_MANY);
      socket.resume();
      socket.setTimeout(this.#options.closeTimeoutMs ?? 10_000, () => socket.destroy());
      return null;
    }
    const { keepAliveSeconds } = this.#options;
    if (keepAliveSeconds > 0) socket.setKeepAlive(true, keepAliveSeconds * 1000);
    this.stats.open++;
    this.stats.accepted++;
    const connection = new Connection({
      id: ++lastConnectionId,
      socket,
      tls,
      listener: this.#options.listener,
      closeTimeoutMs: this.#options.closeTimeoutMs ?? 10_000,
      stats: this.stats,
    });
    this.#connections.add(connection);
    connection.begin(this.#clients.open(connection), staticRead ? readBuffer : null, () => {
      this.#connections.delete(connection);
      this.stats.open--;
    });
    this.stats.raw = connection.isRaw;
    return connection;
  }
}

function secureContext(material: TlsMaterial) {
  return {
    cert: material.cert,
    key: material.key,
    ...(material.ca === null ? {} : { ca: material.ca }),
    minVersion: 'TLSv1.2' as const,
  };
}
