/**
 * Certificate, key and CA out of a directory (`tls.crt`, `tls.key`, `ca.crt`, as Kubernetes mounts a
 * Secret), read again every few seconds: new connections use new material without a restart, and a
 * half-written or wrong set never replaces a good one.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Certificates that others are checked against; null when there is no ca.crt. */
  readonly ca: Buffer | null;
  /** End of the leaf certificate, milliseconds since the Unix epoch. */
  readonly notAfterMs: number;
}

/** The files of a directory cannot be used; `message` says which and why. */
export class TlsFilesError extends Error {
  readonly code = 'TLS_FILES';
}

export interface TlsFilesOptions {
  readonly directory: string;
  readonly reloadMs: number;
  /** Told when changed files could not be used; the material in use stays. */
  readonly onError: (error: Error) => void;
}

/** One directory's material. Construct, `start()`, and take `current` for each new connection. */
export class TlsFiles {
  #current: TlsMaterial;
  #lastError = '';
  #timer: NodeJS.Timeout | null = null;
  readonly #options: TlsFilesOptions;
  readonly #listeners = new Set<(material: TlsMaterial) => void>();

  /** Reads the directory. Throws {@link TlsFilesError} when that gives no usable material. */
  constructor(options: TlsFilesOptions) {
    this.#options = options;
    this.#current = readMaterial(options.directory);
  }

  get current(): TlsMaterial {
    return this.#current;
  }

  /** Calls `listener` with each later material; returns how to stop that. */
  onChange(listener: (material: TlsMaterial) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins to look for changes; the timer does not keep the process alive. */
  start(): void {
    this.#timer ??= setInterval(() => this.poll(), this.#options.reloadMs).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Looks for a change now; true when there was one and it is in use. */
  poll(): boolean {
    try {
      const files = readFiles(this.#options.directory);
      if (sameFiles(files, this.#current)) return false;
      this.#current = check(files, this.#options.directory);
    } catch (error) {
      this.#report(error as Error);
      return false;
    }
    this.#lastError = '';
    for (const listener of this.#listeners) listener(this.#current);
    return true;
  }

  /** Once for the same trouble, not every few seconds. */
  #report(error: Error): void {
    if (error.message === this.#lastError) return;
    this.#lastError = error.message;
    this.#options.onError(error);
  }
}

/** Reads and checks a directory. Throws {@link TlsFilesError}. */
export function readMaterial(directory: string): TlsMaterial {
  return check(readFiles(directory), directory);
}

type Files = Pick<TlsMaterial, 'cert' | 'key' | 'ca'>;

function readFiles(directory: string): Files {
  try {
    const caPath = join(directory, 'ca.crt');
    return {
      cert: readFileSync(join(directory, 'tls.crt')),
      key: readFileSync(join(directory, 'tls.key')),
      ca: existsSync(caPath) ? readFileSync(caPath) : null,
    };
  } catch (error) {
    throw new TlsFilesError((error as Error).message, { cause: error });
  }
}

function sameFiles(a: Files, b: Files): boolean {
  const sameCa = a.ca === null || b.ca === null ? a.ca === b.ca : a.ca.equals(b.ca);
  return sameCa && a.cert.equals(b.cert) && a.key.equals(b.key);
}

function check(files: Files, directory: string): TlsMaterial {
  try {
    const leaf = new X509Certificate(files.cert);
    if (!leaf.checkPrivateKey(createPrivateKey(files.key))) {
      throw new Error('tls.key is not the key of tls.crt');
    }
    const { cert, key, ca } = files;
    if (ca !== null) void new X509Certificate(ca);
    // what listeners will do with it must not fail there
    createSecureContext({ cert, key, ...(ca === null ? {} : { ca }) });
    return { ...files, notAfterMs: leaf.validToDate.getTime() };
  } catch (error) {
    throw new TlsFilesError(`${directory}: ${(error as Error).message}`, { cause: error });
  }
}
