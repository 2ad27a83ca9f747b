/**
 * Test support: what the owner of each member does about snapshots: takes them of what is applied, drops log, fetches
 * files that are offered and hands them to Raft, in as many steps as a crash or a stall can fall between.
 */
import { invariant } from '#base/invariant.ts';
import type { SnapshotMeta, SnapshotOffer } from '#node/raft/snapshot.ts';
import type { Cluster, SimulatedMember } from './cluster.ts';

/** What a process knows of its files. */
interface Known {
  /** The incarnation that knows it. */
  readonly incarnation: number;
  /** The newest that Raft was told of; 0: none. */
  told: number;
  /** The file that is being fetched; 0: none. */
  fetching: number;
}

export class Snapshots {
  readonly #cluster: Cluster;
  readonly #known = new Map<SimulatedMember, Known>();
  taken = 0;
  compactions = 0;
  offers = 0;
  installs = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  started(member: SimulatedMember, snapshot: SnapshotMeta | null): void {
    const told = snapshot?.index ?? 0;
    member.appliedIndex = told;
    this.#known.set(member, { incarnation: member.incarnation, told, fetching: 0 });
  }

  /** Takes a snapshot of what is applied now; the file gets its name some time later. */
  take(member: SimulatedMember): void {
    const { raft, appliedIndex: index } = member;
    if (raft === null || index <= (member.disk.newest?.index ?? 0)) return;
    const meta = { index, term: raft.termAt(index), ...raft.membershipAt(index), sizeBytes: index };
    this.#cluster.plan(member, this.#cluster.random.below(200), () => this.#publish(member, meta));
  }

  /** Drops some of the log that a snapshot covers, now and then all of that. */
  compact(member: SimulatedMember): void {
    const { random } = this.#cluster;
    const { told } = this.#knownOf(member);
    const index = random.chance(0.4) ? told : random.below(told + 1);
    this.#cluster.call(member, (raft) => {
      if (index < raft.firstIndex) return;
      this.compactions++;
      raft.compact(index);
      const last = raft.firstIndex - 1;
      // the disk may take its time
      const delayMs = random.below(random.chance(0.5) ? 1 : 500);
      this.#cluster.plan(member, delayMs, () => member.disk.drop(last));
    });
  }

  /** The leader offers a file. */
  fetch(member: SimulatedMember, offer: SnapshotOffer): void {
    const { random, members, cut } = this.#cluster;
    const known = this.#knownOf(member);
    this.offers++;
    if (known.fetching !== 0 && random.chance(0.9)) return;
    const { from, ...meta } = offer;
    known.fetching = meta.index;
    const takesMs = random.below(random.chance(0.8) ? 60 : 1500);
    this.#cluster.plan(member, takesMs, () => {
      if (known.fetching !== meta.index) return;
      known.fetching = 0;
      const source = members.find(({ id }) => id === from);
      const there = source?.disk.files.some(({ index }) => index === meta.index) === true;
      if (!there || source.raft === null || cut.has(`${from}>${member.id}`)) return;
      if (meta.index > (member.disk.newest?.index ?? 0)) this.#name(member, meta);
      this.#cluster.plan(member, random.below(30), () => this.#install(member, meta));
    });
  }

  /** Another member's file comes unasked: also to who has the entries and does not know that they are committed. */
  give(member: SimulatedMember): void {
    const { random, members } = this.#cluster;
    const { disk: from } = members[random.below(members.length)];
    const { disk } = member;
    const meta = from.newest;
    if (member.raft === null || meta === null || meta.index <= (disk.newest?.index ?? 0)) return;
    if (disk.hardState.term < from.hardState.term) return;
    this.#name(member, meta);
    this.#install(member, meta);
  }

  #publish(member: SimulatedMember, meta: SnapshotMeta): void {
    const { random } = this.#cluster;
    if (meta.index <= (member.disk.newest?.index ?? 0)) return;
    if ((member.raft?.settledIndex ?? 0) < meta.index) {
      this.#cluster.plan(member, 10, () => this.#publish(member, meta));
      return;
    }
    this.taken++;
    this.#name(member, meta, true);
    this.#cluster.plan(member, random.below(20), () => {
      this.#cluster.call(member, (raft) => raft.snapshotTaken(meta));
      const known = this.#knownOf(member);
      known.told = Math.max(known.told, meta.index);
      if (random.chance(0.7)) this.compact(member);
    });
  }

  #name(member: SimulatedMember, meta: SnapshotMeta, made = false): void {
    member.disk.publish(meta);
    this.#cluster.checker.published(member, meta, made);
  }

  #install(member: SimulatedMember, meta: SnapshotMeta): void {
    this.#cluster.call(member, (raft, nowMs) => {
      if (!raft.install(meta, nowMs)) return;
      this.installs++;
      member.appliedIndex = meta.index;
      const known = this.#knownOf(member);
      known.told = Math.max(known.told, meta.index);
      this.#cluster.checker.installed(member, raft, meta);
    });
  }

  #knownOf(member: SimulatedMember): Known {
    const known = this.#known.get(member);
    invariant(known?.incarnation === member.incarnation, 'a process was started');
    return known;
  }
}
