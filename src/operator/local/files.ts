/**
 * What a local cluster keeps in its directory, and how it is written: every file is replaced whole
 * (written beside, synced, renamed), so that a crash leaves the old or the new one.
 *
 *   DIR/<cluster>/state.json                    ports, settings revision
 *   DIR/<cluster>/ca.crt                        for clients (TLS only)
 *   DIR/<cluster>/encryption-key              of spec.storage.encryption
 *   DIR/<cluster>/pki/…                         CA keys and the operator's certificate
 *   DIR/<cluster>/shard-<shard>/identity.json   the bootstrap record; its creation decides it
 *   DIR/<cluster>/<member>/data                 the member's own
 *   DIR/<cluster>/<member>/tls/{client,peer}    tls.crt tls.key ca.crt
 *   DIR/<cluster>/<member>/node.log             what the member's processes say
 */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export const clusterFiles = (directory: string, cluster: string) => {
  const root = join(directory, cluster);
  return {
    root,
    state: join(root, 'state.json'),
    caForClients: join(root, 'ca.crt'),
    pki: join(root, 'pki'),
    encryptionKey: join(root, 'encryption-key'),
    identity: (shard: string) => join(root, `shard-${shard}`, 'identity.json'),
    member: (name: string) => {
      const home = join(root, name);
      return {
        data: join(home, 'data'),
        clientTls: join(home, 'tls', 'client'),
        peerTls: join(home, 'tls', 'peer'),
        log: join(home, 'node.log'),
      };
    },
  };
};

export type ClusterFiles = ReturnType<typeof clusterFiles>;

/** Null when there is no such file. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Null when there is no such file; throws when it holds no JSON. */
export function readJson(path: string): unknown {
  const content = readText(path);
  if (content === null) return null;
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new Error(`${path} is damaged`, { cause });
  }
}

/** Replaces or creates a file, with its directories. Keys are written with `mode` 0o600. */
export function writeFile(path: string, content: string, mode = 0o644): void {
  renameSync(writeBeside(path, content, mode), path);
  syncDirectory(dirname(path));
}

/** Creates a file; false, and nothing changed, when it exists already. */
export function createFile(path: string, content: string): boolean {
  const beside = writeBeside(path, content, 0o644);
  try {
    linkSync(beside, path);
    syncDirectory(dirname(path));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(beside, { force: true });
  }
}

function writeBeside(path: string, content: string, mode: number): string {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.tmp`;
  const file = openSync(beside, 'w', mode);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return beside;
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
