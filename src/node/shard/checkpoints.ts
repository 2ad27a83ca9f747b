/**
 * When the shard makes snapshots. Its primary decides: a checkpoint entry says at which index, a digest entry what the
 * keyspace was there; so all members have files of the same indexes, and find out when one of them has parted.
 *
 * Invariant: when a walk begins the keyspace is exactly what it is after the checkpoint entry, and so are the settings
 * and the membership that go into the file's head.
 */
import type { Raft } from '#node/raft/raft.ts';
import type { Applier } from './applier.ts';
import {
  encodeDigest,
  encodeSettings,
  KIND_CHECKPOINT,
  KIND_DIGEST,
  type Settings,
} from './payload.ts';
import type { Snapshots } from './snapshots.ts';

const NO_PAYLOAD = new Uint8Array(0);

/** What the member tells and does. */
export interface CheckpointOwner {
  readonly settings: Settings | null;
  /** It executes commands. */
  readonly serves: boolean;
  /** Some entry that is not of effects is proposed and not applied. */
  readonly proposing: boolean;
  /** Bytes of log after which the next checkpoint is due. */
  readonly checkpointBytes: number;
  /** Proposes what was executed; false when some of it was not taken. */
  closeBatch(): boolean;
}

export class Checkpoints {
  readonly #owner: CheckpointOwner;
  readonly #raft: Raft;
  readonly #applier: Applier;
  readonly #snapshots: Snapshots;
  /** Where the last digest was proposed. */
  #digestIndex = 0;
  #digestTerm = 0;

  constructor(owner: CheckpointOwner, raft: Raft, applier: Applier, snapshots: Snapshots) {
    this.#owner = owner;
    this.#raft = raft;
    this.#applier = applier;
    this.#snapshots = snapshots;
  }

  tick(nowMs: number): void {
    this.#snapshots.tick(nowMs);
    if (!this.#owner.serves) return;
    this.#proposeDigest(nowMs);
    this.#proposeCheckpoint(nowMs);
  }

  /** The checkpoint entry at `index` is applied, the last one so far. */
  applied(index: number, term: number): void {
    const { shardTimeMs, membership, configIndex } = this.#applier;
    this.#begin(index, term, shardTimeMs, configIndex, membership);
  }

  #proposeCheckpoint(nowMs: number): void {
    const owner = this.#owner;
    const raft = this.#raft;
    const applier = this.#applier;
    if (applier.bytesSinceCheckpoint < owner.checkpointBytes) return;
    if (this.#snapshots.making || owner.proposing || raft.transferring) return;
    if (!owner.closeBatch()) return;
    const index = raft.propose(KIND_CHECKPOINT, NO_PAYLOAD, nowMs);
    if (index === 0) return;
    this.#begin(index, raft.term, applier.shardTimeMs, raft.configIndex, raft.membership);
  }

  #begin(
    index: number,
    term: number,
    shardTimeMs: number,
    configIndex: number,
    membership: Raft['membership'],
  ): void {
    const { settings } = this.#owner;
    this.#snapshots.begin({
      index,
      term,
      configIndex,
      membership,
      shardTimeMs,
      settings: settings === null ? NO_PAYLOAD : encodeSettings(settings),
    });
  }

  /** Also what a primary before this one has not logged any more. */
  #proposeDigest(nowMs: number): void {
    const digest = this.#snapshots.unconfirmed;
    if (digest === null) return;
    const { term } = this.#raft;
    if (this.#digestIndex === digest.index && this.#digestTerm === term) return;
    if (this.#raft.propose(KIND_DIGEST, encodeDigest(digest), nowMs) === 0) return;
    this.#digestIndex = digest.index;
    this.#digestTerm = term;
  }
}
