/**
 * Term and vote on disk: two slots in one file, written and synced one after the other, always A
 * first. A state counts when it is in both. So a torn or rotten slot never hides a state that counted:
 * a bad A means that B has it (or that the write of A never finished), a bad B that A has it.
 *
 * Slot (4096 bytes): "HFSTATE" NUL, version u32, CRC-32 of [16, 512) u32, sequence u53, term u53,
 * commit u53, length of the vote u32, the vote in UTF-8; zeros; at 504 the mark u53. FORMAT.md §5.
 */
import path from 'node:path';
import { text, utf8 } from '#base/bytes.ts';

import { invariant } from '#base/invariant.ts';
import type { HardState } from '#node/raft/hard-state.ts';
import { checksum } from './checksum.ts';
import { LogCorruptionError, LogVersionError } from './errors.ts';
import type { Files } from './files.ts';
import { FORMAT_VERSION, getUint53, setUint53, viewOf } from './format.ts';

export const HARD_STATE_FILE = 'state';
export const SLOT_BYTES = 4096;
const CHECKED_BYTES = 512;
const MAGIC = utf8('HFSTATE\0');
const VOTE_AT = 44;
const MARK_AT = 504;

interface Slot {
  readonly sequence: number;
  readonly state: HardState;
  /** The batches of the log up to this sequence were durable before the state was written. */
  readonly mark: number;
}

export class HardStateFile {
  /** What both slots hold. */
  state: HardState;
  /** The batches of the log up to this sequence were durable before {@link state} was written. */
  mark: number;
  readonly #files: Files;
  readonly #file: number;
  readonly #slot = new Uint8Array(SLOT_BYTES);
  #sequence: number;

  private constructor(files: Files, file: number, slot: Slot) {
    this.#files = files;
    this.#file = file;
    this.state = slot.state;
    this.mark = slot.mark;
    this.#sequence = slot.sequence;
  }

  /** Makes the file durably with term 0 and no vote. */
  static create(files: Files, directory: string): void {
    const name = path.join(directory, HARD_STATE_FILE);
    const file = files.create(`${name}.tmp`);
    try {
      const slot = new Uint8Array(SLOT_BYTES);
      encodeSlot(slot, { sequence: 0, state: { term: 0, vote: '', commit: 0 }, mark: 0 });
      files.write(file, slot, SLOT_BYTES, 0);
      files.write(file, slot, SLOT_BYTES, SLOT_BYTES);
      files.sync(file);
    } finally {
      files.close(file);
    }
    files.rename(`${name}.tmp`, name);
    files.syncDirectory(directory);
  }

  /**
   * Reads the newer valid slot and writes it durably to both, because what was read may be in the page
   * cache alone. Throws {@link LogCorruptionError} when neither slot is valid, {@link LogVersionError}.
   */
  static open(files: Files, directory: string): HardStateFile {
    const name = path.join(directory, HARD_STATE_FILE);
    const file = files.open(name);
    try {
      const bytes = new Uint8Array(2 * SLOT_BYTES);
      files.read(file, bytes, 0, bytes.length, 0);
      const a = decodeSlot(bytes, 0, name);
      const b = decodeSlot(bytes, SLOT_BYTES, name);
      const newer = a !== null && (b === null || a.sequence >= b.sequence) ? a : b;
      if (newer === null) {
        throw new LogCorruptionError(name, 0, 'both copies of term and vote are damaged');
      }
      const opened = new HardStateFile(files, file, newer);
      opened.#writeNow(newer);
      return opened;
    } catch (error) {
      files.close(file);
      throw error;
    }
  }

  /** Puts `state` on disk, blocking: while a log is opened. */
  replace(state: HardState): void {
    this.#writeNow({ sequence: this.#sequence + 1, state, mark: this.mark });
  }

  #writeNow(slot: Slot): void {
    encodeSlot(this.#slot, slot);
    for (const at of [0, SLOT_BYTES]) {
      this.#files.write(this.#file, this.#slot, SLOT_BYTES, at);
      this.#files.sync(this.#file);
    }
    this.#sequence = slot.sequence;
    this.state = slot.state;
  }

  /** Resolves when `state` is durable in both slots. One call at a time. `mark`: as {@link HardStateFile.mark}. */
  async write(state: HardState, mark: number): Promise<void> {
    encodeSlot(this.#slot, { sequence: ++this.#sequence, state, mark });
    await this.#append(0);
    await this.#append(SLOT_BYTES);
    this.state = state;
    this.mark = mark;
  }

  #append(at: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | null): void => (error === null ? resolve() : reject(error));
      this.#files.append(this.#file, this.#slot, SLOT_BYTES, at, done);
    });
  }

  close(): void {
    this.#files.close(this.#file);
  }
}

function encodeSlot(slot: Uint8Array, { sequence, state, mark }: Slot): void {
  const vote = utf8(state.vote);
  invariant(vote.length <= MARK_AT - VOTE_AT, 'the id of a member is short');
  const view = viewOf(slot);
  slot.fill(0);
  slot.set(MAGIC, 0);
  view.setUint32(8, FORMAT_VERSION, true);
  setUint53(view, 16, sequence);
  setUint53(view, 24, state.term);
  setUint53(view, 32, state.commit);
  view.setUint32(40, vote.length, true);
  slot.set(vote, VOTE_AT);
  setUint53(view, MARK_AT, mark);
  view.setUint32(12, checksum(slot, 16, CHECKED_BYTES), true);
}

function decodeSlot(bytes: Uint8Array, at: number, file: string): Slot | null {
  for (let i = 0; i < MAGIC.length; i++) if (bytes[at + i] !== MAGIC[i]) return null;
  const view = viewOf(bytes);
  const version = view.getUint32(at + 8, true);
  if (version === 0) return null;
  if (version !== FORMAT_VERSION) throw new LogVersionError(file, version, FORMAT_VERSION);
  if (view.getUint32(at + 12, true) !== checksum(bytes, at + 16, at + CHECKED_BYTES)) return null;
  const voteEnd = at + VOTE_AT + view.getUint32(at + 40, true);
  return {
    sequence: getUint53(view, at + 16),
    state: {
      term: getUint53(view, at + 24),
      vote: text(bytes, at + VOTE_AT, voteEnd),
      commit: getUint53(view, at + 32),
    },
    mark: getUint53(view, at + MARK_AT),
  };
}
