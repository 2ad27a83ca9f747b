/** A connection to a server of this machine, plaintext or TLS, that reads into a buffer of its user. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Endpoint {
  readonly port: number;
  /** What a client must trust; null or absent without TLS. */
  readonly caFile?: string | null | undefined;
}

export interface Dialling {
  /** May be shared by connections: what is in it is used up before {@link received} returns. */
  readonly buffer: Uint8Array;
  /** bytes[0, length) came; `bytes` is the buffer, or with TLS another one. */
  readonly received: (bytes: Uint8Array, length: number) => void;
  readonly ready?: () => void;
}

export function dial({ port, caFile }: Endpoint, { buffer, received, ready }: Dialling): Socket {
  const target = { host: '127.0.0.1', port, noDelay: true };
  if (typeof caFile === 'string') {
    const socket = connectTls({ ...target, ca: readFileSync(caFile) }, ready);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => received(chunk, chunk.length));
    return socket;
  }
  const callback = (length: number): boolean => {
    received(buffer, length);
    return true;
  };
  const socket = connect({ ...target, onread: { buffer, callback } });
  if (ready !== undefined) socket.once('connect', ready);
  return socket;
}
