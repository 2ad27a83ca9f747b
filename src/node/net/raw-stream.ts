/**
 * Reads and writes of a socket without the machinery of Node's streams, which at one command a read costs a tenth
 * of all that such a command takes: bytes go to the kernel by the socket's private handle, and what a read brought
 * is handed on before the stream sees it. Everything else (errors, ends, pausing, closing) stays the stream's.
 *
 * Public API has no way to do that. What is private is looked up once, here; where it is missing
 * {@link RawStream.of} gives null, and the streams do the same.
 *
 * Invariants: bytes that the kernel has not taken yet are copies, or were given; after a write `onDrained` follows
 * when the last of them has been taken, unless the socket is closed.
 */
import type { Socket } from 'node:net';
import { discardLarge } from '#base/bytes.ts';

/** The part of a TCP handle that is used. */
interface Handle {
  onread: (this: Handle, arrayBuffer: ArrayBuffer | undefined) => unknown;
  useUserBuffer(buffer: Uint8Array): void;
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
}

/** What the kernel is asked with; one that was done at once can be used again. */
interface WriteRequest {
  oncomplete?: (status: number) => void;
  /** Kept from the garbage collector until it is done. */
  buffer?: Uint8Array | undefined;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  /** Results of the last call, by the two indices below. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

/** Up to here a string of the bytes is cheaper than a Buffer: the kernel is given it from a buffer on the stack. */
const STRING_BYTES = 16 * 1024;

type Latin1Slice = (this: Uint8Array, start: number, end: number) => string;
/** Native method of Buffer; works on any Uint8Array, without a Buffer being made of it. */
const { latin1Slice } = Buffer.prototype as unknown as { readonly latin1Slice: Latin1Slice };

function findBinding(): StreamBinding | null {
  try {
    const bindings = process as unknown as { binding(name: string): Partial<StreamBinding> };
    const found = bindings.binding('stream_wrap');
    const complete =
      typeof found.WriteWrap === 'function' &&
      found.streamBaseState !== undefined &&
      typeof found.kReadBytesOrError === 'number' &&
      typeof found.kLastWriteWasAsync === 'number';
    return complete ? (found as StreamBinding) : null;
  } catch {
    return null;
  }
}

const binding = findBinding();
/** A request that nobody waits for. */
let spare: WriteRequest | null = null;

/** One socket's way around its stream. */
export class RawStream {
  /** Bytes that the kernel has not taken yet. */
  pendingBytes = 0;
  readonly #binding: StreamBinding;
  readonly #socket: Socket;
  readonly #handle: Handle;
  readonly #onDrained: () => void;
  readonly #onTaken = (): void => {
    if (this.pendingBytes === 0 && !this.#socket.destroyed) this.#onDrained();
  };

  /** Use {@link RawStream.of}. */
  private constructor(found: StreamBinding, socket: Socket, handle: Handle, onDrained: () => void) {
    this.#binding = found;
    this.#socket = socket;
    this.#handle = handle;
    this.#onDrained = onDrained;
  }

  /** null when this socket or this Node has not what is needed. */
  static of(socket: Socket, onDrained: () => void): RawStream | null {
    const handle = (socket as unknown as { _handle?: Partial<Handle> | null })._handle;
    if (binding === null || !handle) return null;
    const complete =
      typeof handle.writeLatin1String === 'function' &&
      typeof handle.writeBuffer === 'function' &&
      typeof handle.useUserBuffer === 'function' &&
      typeof handle.onread === 'function';
    return complete ? new RawStream(binding, socket, handle as Handle, onDrained) : null;
  }

  /** From now on `onBytes` is called with the number of bytes of each read into the socket's own read buffer. */
  read(onBytes: (count: number) => void): void {
    const { streamBaseState, kReadBytesOrError } = this.#binding;
    const handle = this.#handle;
    const byStream = handle.onread;
    handle.onread = (arrayBuffer) => {
      const count = streamBaseState[kReadBytesOrError];
      return count > 0 ? onBytes(count) : byStream.call(handle, arrayBuffer);
    };
  }

  /** Like {@link read}, into a buffer of the caller's, which may be that of many sockets. */
  readInto(buffer: Uint8Array, onBytes: (count: number) => void): void {
    this.#handle.useUserBuffer(buffer);
    this.read(onBytes);
  }

  /**
   * Sends `bytes` without a copy: they must not change until `onTaken` is called, unless true is returned. TLS takes
   * no other write meanwhile.
   */
  give(bytes: Uint8Array, onTaken: () => void): boolean {
    const found = this.#binding;
    const request = new found.WriteWrap();
    request.buffer = bytes;
    const status = this.#handle.writeBuffer(request, bytes);
    if (status !== 0) this.#socket.destroy();
    if (status !== 0 || found.streamBaseState[found.kLastWriteWasAsync] === 0) return true;
    this.#await(request, bytes.length, onTaken);
    return false;
  }

  /** Sends bytes[start, end), which may be changed afterwards. */
  write(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > STRING_BYTES) {
      const copy = new Uint8Array(bytes.subarray(start, end));
      const onTaken = (): void => {
        discardLarge(copy);
        this.#onTaken();
      };
      if (this.give(copy, onTaken)) discardLarge(copy);
      return;
    }
    const found = this.#binding;
    const request = spare ?? new found.WriteWrap();
    spare = null;
    const text = latin1Slice.call(bytes, start, end);
    const status = this.#handle.writeLatin1String(request, text);
    if (status !== 0) {
      this.#socket.destroy();
    } else if (found.streamBaseState[found.kLastWriteWasAsync] === 0) {
      spare = request;
    } else {
      this.#await(request, end - start, this.#onTaken);
    }
  }

  /** The kernel has not taken all of the bytes; the event loop goes on with them. */
  #await(request: WriteRequest, bytes: number, onTaken: () => void): void {
    this.pendingBytes += bytes;
    request.oncomplete = (status) => {
      this.pendingBytes -= bytes;
      if (status !== 0) this.#socket.destroy();
      onTaken();
    };
  }
}
