/**
 * When the shard makes snapshots, and what its log and keyspace do with them. The primary decides: a checkpoint entry
 * says at which index, a digest entry what the keyspace was there; so all members have files of the same indexes,
 * and find out when one of them has parted.
 *
 * Invariant: when a walk begins the keyspace is exactly what it is after the checkpoint entry, and so are the settings
 * and the membership that go into the file's head.
 */
import { invariant } from '#base/invariant.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import type { Raft } from '#node/raft/raft.ts';
import type { SnapshotMeta } from '#node/raft/snapshot.ts';
import type { Applier } from './applier.ts';
import type { MemberIdentity } from './identity.ts';
import type { MemberPorts } from './options.ts';
import {
  encodeDigest,
  encodeSettings,
  KIND_CHECKPOINT,
  KIND_DIGEST,
  type Settings,
} from './payload.ts';
import { newestSnapshot, Restore } from './restore.ts';
import { Snapshots, type SnapshotsEvents } from './snapshots.ts';

const NO_PAYLOAD = new Uint8Array(0);

/** What the member tells and does. */
export interface CheckpointOwner {
  readonly settings: Settings | null;
  /** It executes commands. */
  readonly serves: boolean;
  /** Was level with its leader once since start. */
  readonly caughtUpOnce: boolean;
  /** It has executed more than is committed. */
  readonly ahead: boolean;
  /** Some entry that is not of effects is proposed and not applied. */
  readonly proposing: boolean;
  /** Bytes of log after which the next checkpoint is due. */
  readonly checkpointBytes: number;
  /** Proposes what was executed; false when some of it was not taken. */
  closeBatch(): boolean;
}

export interface CheckpointParts {
  readonly raft: Raft;
  readonly applier: Applier;
  /** Null on a log member. */
  readonly keyspace: Keyspace | null;
  readonly identity: MemberIdentity;
  readonly ports: MemberPorts;
}

export class Checkpoints {
  readonly snapshots: Snapshots;
  readonly #owner: CheckpointOwner;
  readonly #parts: CheckpointParts;
  /** Where the last digest was proposed. */
  #digestIndex = 0;
  #digestTerm = 0;

  constructor(owner: CheckpointOwner, parts: CheckpointParts) {
    this.#owner = owner;
    this.#parts = parts;
    const { keyspace, ports, raft, identity } = parts;
    const { clusterId, shard } = identity;
    const { clock, peers, snapshots: files } = ports;
    const settledIndex = (): number => Math.min(raft.settledIndex, raft.durableIndex);
    this.snapshots = new Snapshots(
      { clusterId, shard, keyspace, clock, files, peers, settledIndex },
      this.#events(),
    );
  }

  tick(nowMs: number): void {
    this.snapshots.tick(nowMs);
    if (!this.#owner.serves) return;
    this.#proposeDigest(nowMs);
    this.#proposeCheckpoint(nowMs);
  }

  /** The checkpoint entry at `index` is applied, the last one so far. */
  applied(index: number, term: number): void {
    const { caughtUpOnce, ahead } = this.#owner;
    // what was logged before this start is not worth a file; whoever led and executed more is past the entry
    if (!caughtUpOnce || ahead) return;
    const { shardTimeMs, membership, configIndex } = this.#parts.applier;
    this.#begin(index, term, shardTimeMs, configIndex, membership);
  }

  /** Reads the file of `index`, the newest when absent; null when the log reaches back to its first entry. */
  restore(index = this.snapshots.newest?.index ?? 0): Restore | null {
    const { keyspace, ports } = this.#parts;
    const file = ports.snapshots.files.find((candidate) => candidate.index === index) ?? null;
    invariant(file !== null || index === 0, 'the snapshot that the log begins after is there');
    return file === null ? null : new Restore(ports.snapshots, file, keyspace);
  }

  #events(): SnapshotsEvents {
    const { raft, ports } = this.#parts;
    const { events } = ports;
    return {
      sources: () => this.#holders(),
      taken: (meta) => raft.snapshotTaken(meta),
      fetched: (meta) => this.#install(meta),
      droppable: () => Math.min(raft.snapshotIndex, this.#parts.applier.appliedIndex),
      compact: (index) => {
        raft.compact(index);
        ports.disk.dropBefore(raft.firstIndex);
      },
      started: (index) => events.snapshotStarted(index),
      published: ({ index, sizeBytes }, tookMs) =>
        events.snapshotPublished(index, sizeBytes, tookMs),
      discarded: (index, reason) => events.snapshotDiscarded(index, reason),
      damaged: () => this.#fallBack(),
      differs: (index) => events.snapshotDiffers(index),
    };
  }

  /** What is offered to others is the newest file that is left. */
  #fallBack(): void {
    const { raft, ports } = this.#parts;
    const { snapshots: files, events } = ports;
    for (let file = files.files.at(-1); file !== undefined; file = files.files.at(-1)) {
      try {
        const older = newestSnapshot(files);
        if (older !== null) raft.snapshotLost(older);
        return;
      } catch (error) {
        events.snapshotDiscarded(file.index, (error as Error).message);
        files.remove(file.index);
      }
    }
  }

  /** Others that may have a file: those that make files, but the leader last of them, then those that only fetch. */
  #holders(): readonly string[] {
    const { raft, identity } = this.#parts;
    const { id, leaderId, membership } = raft;
    const rank = (voter: string): number => {
      if (identity.logMembers.has(voter)) return 2;
      return voter === leaderId ? 1 : 0;
    };
    const others = membership.voters.filter((voter) => voter !== id);
    return others.sort((a, b) => rank(a) - rank(b));
  }

  /** The log goes on after a snapshot that was fetched, and so does the keyspace. */
  #install(meta: SnapshotMeta): void {
    const { raft, applier, ports } = this.#parts;
    if (!raft.install(meta, ports.clock.monotonicMs())) {
      // the log has overtaken it: it is a file like those that are made here
      if (meta.index <= raft.commitIndex) raft.snapshotTaken(meta);
      return;
    }
    this.snapshots.abandon('another was installed');
    applier.begin(meta.index, this.restore(meta.index));
    ports.events.snapshotInstalled(meta.index);
    ports.wakeAtOnce();
  }

  #proposeCheckpoint(nowMs: number): void {
    const owner = this.#owner;
    const { raft, applier } = this.#parts;
    if (applier.bytesSinceCheckpoint < owner.checkpointBytes) return;
    if (this.snapshots.making || owner.proposing || raft.transferring) return;
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
    this.snapshots.begin({
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
    const digest = this.snapshots.unconfirmed;
    if (digest === null) return;
    const { raft } = this.#parts;
    const { term } = raft;
    if (this.#digestIndex === digest.index && this.#digestTerm === term) return;
    if (raft.propose(KIND_DIGEST, encodeDigest(digest), nowMs) === 0) return;
    this.#digestIndex = digest.index;
    this.#digestTerm = term;
  }
}
