/**
 * Secrets by name. The operator may get them but not list or watch them, so they are read when needed and
 * kept for a while: ours for long (nobody else writes them, a deleted one is found on the next read), those
 * that users refer to for as long as a rotation may take to be noticed. Whoever reads keeps looking.
 */
import { ownedBy } from '#operator/kube/apply.ts';
import type { KubeClient } from '#operator/kube/client.ts';
import { isNotFound } from '#operator/kube/errors.ts';
import { isRecord } from '#operator/kube/object.ts';
import type { KubeObject } from '#operator/kube/object.ts';

/** How long a read is good for. */
export const OWN_SECRET_MS = 300_000;
export const REFERENCED_SECRET_MS = 20_000;

interface Entry {
  readonly object: KubeObject | null;
  readonly readAtMs: number;
}

export class SecretReader {
  readonly #client: Pick<KubeClient, 'get'>;
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor(client: Pick<KubeClient, 'get'>, nowMs: () => number = () => performance.now()) {
    this.#client = client;
    this.#nowMs = nowMs;
  }

  /** The Secret, read at most `maxAgeMs` ago; null when there is none. */
  async read(namespace: string, name: string, maxAgeMs: number): Promise<KubeObject | null> {
    const key = `${namespace}/${name}`;
    const entry = this.#entries.get(key);
    // What is not there may be there in a moment: absence is not remembered.
    const kept = entry?.object ?? null;
    if (entry !== undefined && kept !== null && this.#nowMs() - entry.readAtMs < maxAgeMs)
      return kept;
    const readAtMs = this.#nowMs();
    let object: KubeObject | null = null;
    try {
      object = await this.#client.get('Secret', namespace, name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.#entries.set(key, { object, readAtMs });
    return object;
  }

  /**
   * A Secret that belongs to the object `ownerUid`; null when there is none, or another's. What is kept of a
   * predecessor of the same name does not count.
   */
  async readOwned(namespace: string, name: string, ownerUid: string): Promise<KubeObject | null> {
    const isOurs = ownedBy(ownerUid);
    const kept = await this.read(namespace, name, OWN_SECRET_MS);
    if (kept === null || isOurs(kept)) return kept;
    const fresh = await this.read(namespace, name, 0);
    return fresh !== null && isOurs(fresh) ? fresh : null;
  }

  /** What we have just written. */
  wrote(object: KubeObject): void {
    const { namespace = '', name } = object.metadata;
    this.#entries.set(`${namespace}/${name}`, { object, readAtMs: this.#nowMs() });
  }

  /** The next read asks the server. */
  forget(namespace: string, name: string): void {
    this.#entries.delete(`${namespace}/${name}`);
  }
}

/** The decoded bytes of one key of a Secret. */
export function secretBytes(secret: KubeObject | null, key: string): Uint8Array | null {
  const data = secret?.['data'];
  const encoded = isRecord(data) ? data[key] : undefined;
  return typeof encoded === 'string' ? new Uint8Array(Buffer.from(encoded, 'base64')) : null;
}

/** The text of one key of a Secret; '' when it is not there. */
export function secretText(secret: KubeObject | null, key: string): string {
  const bytes = secretBytes(secret, key);
  return bytes === null ? '' : Buffer.from(bytes).toString('utf8');
}
