/**
 * Who a disk is: the memberId that it got when it was empty, the bootstrap record of the shard that it
 * belongs to, and hints where other members may be found. Small JSON files in the data directory, each
 * with a checksum, replaced in one step (written aside, synced, renamed, directory synced).
 *
 * - A memberId is made only on an empty disk, or when all that was done under the one before is set aside; it is
 *   never used again.
 * - A bootstrap record is written once and never changes; writing the same one again is fine.
 * - A disk that ever belonged to a shard says so for ever.
 * - Setting aside: first identity.json gets the new memberId and says that it is under way, from when on the old
 *   one can never vote again; then the rest is moved, which the next start finishes if need be.
 * - Hints may be lost: damaged ones are dropped, with the reason kept for the log line.
 */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { text, utf8 } from '#base/bytes.ts';
import { crc32c } from '#base/crc32c.ts';
import { IdentityCorruptError, LogVersionError } from './errors.ts';
import { type Files, nodeFiles } from './files.ts';

const FILE_FORMAT = 1;
const IDENTITY_FILE = 'identity.json';
const RECORD_FILE = 'bootstrap.json';
const PEERS_FILE = 'peers.json';
const LOCK_FILE = 'identity-lock';
const MEMBER_ID = /^[0-9a-f]{16}$/;
const MEMBER_ID_BYTES = 8;
/** Names that an empty disk does not have: one of them without an identity means that it was lost. */
const TRACES = [RECORD_FILE, PEERS_FILE, 'log', 'snapshots', 'state', 'segment-000000000001'];

/** What belongs to a memberId and not to the disk: it is moved when that memberId is given up. */
const OF_A_MEMBER = ['log', 'snapshots', RECORD_FILE];

/** What identity.json says. */
interface Self {
  readonly memberId: string;
  /** The memberId under which this disk belonged to a shard before; '' when there was none. */
  readonly former: string;
  /** What belonged to {@link former} is not all moved yet. */
  readonly settingAside: boolean;
}

/** The outcome of {@link Identity.form}. */
export type Forming = 'formed' | 'same' | 'different';

/**
 * The identity of one disk; `Record` and `Hint` are the JSON shapes of the bootstrap record and of one
 * peer hint, which this room keeps without looking inside.
 */
export class Identity<Record extends object = object, Hint extends object = object> {
  /** 16 lower-case hexadecimal digits. */
  readonly memberId: string;
  /** Why damaged hints were dropped when the disk was opened; null when they were not. */
  readonly peersError: IdentityCorruptError | null;
  readonly #files: Files;
  readonly #directory: string;
  readonly #unlock: () => void;
  readonly #former: string;
  #record: Record | null;
  #peers: readonly Hint[];

  /** Only {@link openIdentity} makes these. */
  constructor(
    files: Files,
    directory: string,
    unlock: () => void,
    content: {
      self: Self;
      record: Record | null;
      peers: readonly Hint[];
      peersError: IdentityCorruptError | null;
    },
  ) {
    this.#files = files;
    this.#directory = directory;
    this.#unlock = unlock;
    this.memberId = content.self.memberId;
    this.#former = content.self.former;
    this.#record = content.record;
    this.#peers = content.peers;
    this.peersError = content.peersError;
  }

  /** True when this disk ever belonged to a shard. */
  get everFormed(): boolean {
    return this.#former !== '' || this.#record !== null;
  }

  /** The bootstrap record; null before {@link form}. */
  get record(): Record | null {
    return this.#record;
  }

  /** Where members were last seen; empty when unknown. */
  get peers(): readonly Hint[] {
    return this.#peers;
  }

  /** Keeps the bootstrap record durably for life. 'different': there is another one, which stays. */
  form(record: Record): Forming {
    if (this.#record !== null) {
      return canonical(this.#record) === canonical(record) ? 'same' : 'different';
    }
    writeJson(this.#files, this.#directory, RECORD_FILE, record);
    this.#record = record;
    return 'formed';
  }

  /**
   * Gives the memberId up, durably: the next {@link openIdentity} moves log and record to `removed-<memberId>` and
   * finds an empty disk with a new memberId. The caller must not act under the old one any more.
   */
  setAside(): void {
    const self = { ...newSelf(), former: this.memberId, settingAside: true };
    writeJson(this.#files, this.#directory, IDENTITY_FILE, self);
  }

  /** Replaces the hints, durably. */
  keepPeers(peers: readonly Hint[]): void {
    if (canonical(this.#peers) === canonical(peers)) return;
    writeJson(this.#files, this.#directory, PEERS_FILE, peers);
    this.#peers = peers;
  }

  /** Gives the directory back to other processes. */
  close(): void {
    this.#unlock();
  }
}

/**
 * Opens the identity in `directory`, making directory and memberId when the disk is empty. Throws
 * {@link IdentityCorruptError} (also when only the identity is missing), DirectoryLockedError while
 * another process has it open, LogVersionError, or the system's error.
 */
export function openIdentity<Record extends object = object, Hint extends object = object>(
  directory: string,
  files: Files = nodeFiles,
): Identity<Record, Hint> {
  files.makeDirectory(directory);
  const unlock = files.lock(path.join(directory, LOCK_FILE));
  try {
    files.syncDirectory(directory);
    let self = readSelf(files, directory) ?? makeSelf(files, directory);
    if (self.settingAside) self = finishSettingAside(files, directory, self);
    const record = readJson(files, directory, RECORD_FILE) as Record | null;
    let peers: readonly Hint[] = [];
    let peersError: IdentityCorruptError | null = null;
    try {
      peers = (readJson(files, directory, PEERS_FILE) as readonly Hint[] | null) ?? [];
    } catch (error) {
      if (!(error instanceof IdentityCorruptError)) throw error;
      peersError = error;
    }
    return new Identity<Record, Hint>(files, directory, unlock, {
      self,
      record,
      peers,
      peersError,
    });
  } catch (error) {
    unlock();
    throw error;
  }
}

function readSelf(files: Files, directory: string): Self | null {
  const self = readJson(files, directory, IDENTITY_FILE) as Partial<Self> | null;
  if (self === null) return null;
  const { memberId = '', former = '', settingAside = false } = self;
  const idsGood = MEMBER_ID.test(memberId) && (former === '' || MEMBER_ID.test(former));
  if (!idsGood || typeof settingAside !== 'boolean' || (settingAside && former === '')) {
    const what = 'memberId and former must be 16 hexadecimal digits, settingAside true or false';
    throw new IdentityCorruptError(path.join(directory, IDENTITY_FILE), what);
  }
  return { memberId, former, settingAside };
}

function newSelf(): Self {
  const memberId = randomBytes(MEMBER_ID_BYTES).toString('hex');
  return { memberId, former: '', settingAside: false };
}

/** Moves what belonged to the former memberId; every part of it may have been done before a crash. */
function finishSettingAside(files: Files, directory: string, self: Self): Self {
  const aside = path.join(directory, `removed-${self.former}`);
  files.makeDirectory(aside);
  const names = new Set(files.list(directory));
  for (const name of OF_A_MEMBER) {
    if (names.has(name)) files.rename(path.join(directory, name), path.join(aside, name));
  }
  files.syncDirectory(aside);
  files.syncDirectory(directory);
  const done: Self = { ...self, settingAside: false };
  writeJson(files, directory, IDENTITY_FILE, done);
  return done;
}

function makeSelf(files: Files, directory: string): Self {
  const names = new Set(files.list(directory));
  const trace = TRACES.find((name) => names.has(name));
  if (trace !== undefined) {
    const what = `the file is missing, but the disk is not empty: it has ${trace}`;
    throw new IdentityCorruptError(path.join(directory, IDENTITY_FILE), what);
  }
  const self = newSelf();
  writeJson(files, directory, IDENTITY_FILE, self);
  return self;
}

/** The content of a JSON file, or null when there is no such file. */
function readJson(files: Files, directory: string, name: string): unknown {
  const file = path.join(directory, name);
  if (!files.list(directory).includes(name)) return null;
  const descriptor = files.open(file);
  let json: string;
  try {
    const bytes = new Uint8Array(files.sizeBytes(descriptor));
    json = text(bytes, 0, files.read(descriptor, bytes, 0, bytes.length, 0));
  } finally {
    files.close(descriptor);
  }
  const envelope = parseEnvelope(file, json);
  if (envelope.format > FILE_FORMAT) throw new LogVersionError(file, envelope.format, FILE_FORMAT);
  if (typeof envelope.content !== 'object' || envelope.content === null) {
    throw new IdentityCorruptError(file, 'there is no object under "content"');
  }
  if (envelope.crc32c !== checksum(envelope.content)) {
    throw new IdentityCorruptError(file, 'the checksum is wrong: the file was damaged or edited');
  }
  return envelope.content;
}

function parseEnvelope(
  file: string,
  json: string,
): { format: number; crc32c: unknown; content: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new IdentityCorruptError(file, `this is not JSON (${(error as Error).message})`);
  }
  const { format, crc32c, content } = (value ?? {}) as { [key: string]: unknown };
  if (typeof format !== 'number' || !Number.isInteger(format) || format < 1) {
    throw new IdentityCorruptError(file, 'there is no valid "format"');
  }
  return { format, crc32c, content };
}

/** Puts `content` under `name` in one durable step. */
function writeJson(files: Files, directory: string, name: string, content: object): void {
  const file = path.join(directory, name);
  const envelope = { format: FILE_FORMAT, crc32c: checksum(content), content };
  const bytes = utf8(`${JSON.stringify(envelope, null, 2)}\n`);
  const descriptor = files.create(`${file}.tmp`);
  try {
    files.write(descriptor, bytes, bytes.length, 0);
    files.sync(descriptor);
  } finally {
    files.close(descriptor);
  }
  files.rename(`${file}.tmp`, file);
  files.syncDirectory(directory);
}

function checksum(content: object): string {
  return crc32c(utf8(canonical(content)))
    .toString(16)
    .padStart(8, '0');
}

/** JSON with the keys of every object in order, so that equal values give equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
