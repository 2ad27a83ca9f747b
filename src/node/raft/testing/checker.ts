/**
 * Test support: watches a simulated cluster from outside, with true time and a view into every disk,
 * and throws as soon as a rule of SPEC.md is broken. It keeps its own books; it trusts no member.
 */
import { equalBytes } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { ENTRY_CONFIG, type Entry } from '#node/raft/entry.ts';
import { decodeMembership, type Membership } from '#node/raft/membership.ts';
import type { Message } from '#node/raft/message.ts';
import { majorityOf } from '#node/raft/quorum.ts';
import type { Raft, Ready } from '#node/raft/raft.ts';
import type { SnapshotMeta } from '#node/raft/snapshot.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

/** The limit that cluster.ts sets, and one append that may go beyond it. */
const IN_FLIGHT_BYTES_MAX = 1024 + 256;

/** What the checker sees of a member. */
export interface Watched {
  readonly id: string;
  readonly disk: SimulatedDisk;
  /** Null while crashed. */
  readonly raft: Raft | null;
  /** Its own clock at this true time. */
  localMs(): number;
}

/** A rule of SPEC.md is broken. */
export class RuleBrokenError extends Error {
  readonly code = 'RULE_BROKEN';
}

/** What the checker remembers of one incarnation of a member. */
interface Seen {
  readonly raft: Raft;
  handedOut: number;
  commit: number;
  /** Each rise of its commit index, with its term then. */
  readonly commits: { readonly index: number; readonly term: number }[];
  term: number;
  /** While it leads `ledTerm`: its last index. */
  ledTerm: number;
  ledLast: number;
}

export class Checker {
  readonly #members: () => readonly Watched[];
  readonly #leaders = new Map<number, string>();
  readonly #votes = new Map<string, string>();
  readonly #entries = new Map<string, Entry>();
  /** committed[i] has index i + 1: what any member ever called committed. */
  readonly committed: Entry[] = [];
  /** The term in which each of them was committed: that of its leader, not always its own. */
  readonly #committedIn: number[] = [];
  readonly #seen = new Map<string, Seen>();
  /** How often a leader was elected. */
  elections = 0;
  /** How often a valid lease was seen. */
  leases = 0;

  constructor(members: () => readonly Watched[]) {
    this.#members = members;
  }

  /** A process starts; its state machine is restored from `snapshot`. */
  started(member: Watched, raft: Raft, snapshot: SnapshotMeta | null): void {
    const { commitIndex: commit, term } = raft;
    const handedOut = snapshot?.index ?? 0;
    const commits = [{ index: commit, term }];
    this.#seen.set(member.id, { raft, handedOut, commit, commits, term, ledTerm: 0, ledLast: 0 });
  }

  /** A snapshot file gets its name on the disk of `member`, one that it `made` itself or another's (R13). */
  published(member: Watched, meta: SnapshotMeta, made: boolean): void {
    const { index, term, configIndex } = meta;
    const entry = this.committed[index - 1] ?? null;
    rule(entry?.term === term, 'R13 a snapshot covers what is committed', meta);
    const learnt = this.#seen.get(member.id)?.commits.find((it) => it.index >= index)?.term ?? 0;
    const known = !made || member.disk.hardState.term >= learnt;
    rule(known, 'R13 the term of a commit is on disk before a file is named', meta);
    const config = this.committed.findLast((it) => it.kind === ENTRY_CONFIG && it.index <= index);
    rule(configIndex === (config?.index ?? 0), 'R13 a snapshot says its membership', meta);
    this.#membership(config, meta.membership);
  }

  /** The log of `member` begins with, or goes on from, a snapshot in the place of its state machine. */
  installed(member: Watched, raft: Raft, meta: SnapshotMeta): void {
    const seen = this.#look(member, raft);
    const { index, term } = meta;
    rule(index > seen.handedOut, 'R13 no state machine goes back', meta);
    const there = raft.commitIndex === index && raft.termAt(index) === term;
    rule(there, 'R13 a log goes on from its snapshot', meta);
    seen.handedOut = index;
  }

  /** A message leaves `member` (R7). */
  leaving(member: Watched, message: Message): void {
    const { disk } = member;
    const { term } = message;
    const { term: diskTerm, vote } = disk.hardState;
    if (message.type === 'vote' || (message.type === 'vote-reply' && message.granted)) {
      const candidate = message.type === 'vote' ? message.from : message.to;
      rule(
        diskTerm > term || (diskTerm === term && vote === candidate),
        'R7 a vote is on disk',
        message,
      );
      const key = `${message.from}/${term}`;
      const earlier = this.#votes.get(key) ?? candidate;
      rule(earlier === candidate, 'R7 a member votes once in a term', message);
      this.#votes.set(key, candidate);
    }
    if (message.type === 'append-reply' && message.accepted && member.raft?.term === term) {
      const { index } = message;
      const { raft } = member;
      const same =
        index < raft.firstIndex - 1
          ? index <= disk.lastIndex
          : disk.termAt(index) === raft.termAt(index) || index < disk.base.index;
      rule(same && diskTerm >= term, 'R7 what is acknowledged is on disk', message);
    }
    if (message.type === 'append') for (const entry of message.entries) this.#identify(entry);
  }

  /** `member` hands out something to do (R2 to R5). */
  ready(member: Watched, raft: Raft, ready: Ready): void {
    for (const entry of ready.persist?.entries ?? []) this.#identify(entry);
    const seen = this.#look(member, raft);
    this.#commits(raft);
    if (ready.fetch !== null) {
      const known = member.disk.hardState.term >= raft.term;
      rule(known, 'R13 the term of an offer is on disk before a file is fetched', ready.fetch);
    }
    for (const entry of ready.committed) {
      const { index, term } = entry;
      rule(index === seen.handedOut + 1, 'R5 committed entries come once and in order', entry);
      seen.handedOut = index;
      this.#identify(entry);
      rule(this.committed[index - 1]?.term === term, 'R5 members apply the same', entry);
    }
  }

  /** After every step of anyone: elections, leases, and what a member may not take back. */
  step(): void {
    const members = this.#members();
    let leased: Raft | null = null;
    let newest: Raft | null = null;
    for (const member of members) {
      const { raft } = member;
      if (raft === null) continue;
      const seen = this.#look(member, raft);
      this.#commits(raft);
      rule(raft.term >= seen.term, 'R1 terms do not fall', member.id);
      rule(raft.commitIndex >= seen.commit, 'R5 the commit index does not fall', member.id);
      seen.term = raft.term;
      if (raft.commitIndex > seen.commit) {
        seen.commits.push({ index: raft.commitIndex, term: raft.term });
      }
      seen.commit = raft.commitIndex;
      const covered = member.disk.newest?.index ?? 0;
      rule(raft.firstIndex - 1 <= covered, 'R12 what is dropped is in a file', member.id);
      rule(member.disk.base.index <= covered, 'R12 what is dropped is in a file', member.id);
      const { durableIndex } = raft;
      if (durableIndex > raft.firstIndex) {
        const same = member.disk.termAt(durableIndex) === raft.termAt(durableIndex);
        rule(same, 'R7 what counts as durable is on disk', [member.id, durableIndex]);
      }
      if (raft.role !== 'leader') continue;
      this.#leader(seen, raft);
      if (newest === null || raft.term > newest.term) newest = raft;
      if (!raft.leaseValid(member.localMs())) continue;
      this.leases++;
      rule(leased === null, 'R6 one lease at a time', [leased?.id, raft.id]);
      leased = raft;
      if (!raft.ownTermCommitted) continue;
      rule(raft.commitIndex >= this.committed.length, 'R6 a lease holder knows all', raft.id);
    }
    if (leased !== null) rule(leased === newest, 'R6 nobody is elected in a lease', newest?.id);
  }

  /** The logs of all members, pairwise (R3), and what they say of membership. Slow: now and then. */
  logs(): void {
    const rafts = this.#members().flatMap(({ raft }) => (raft === null ? [] : [raft]));
    this.#held();
    for (const a of rafts) {
      this.#config(a);
      for (const b of rafts) {
        if (a.id >= b.id) continue;
        let same = false;
        const from = Math.max(a.firstIndex, b.firstIndex) - 1;
        for (let index = Math.min(a.lastIndex, b.lastIndex); index >= from; index--) {
          const equal = a.termAt(index) === b.termAt(index);
          rule(equal || !same, 'R3 logs that agree at an index agree before it', [
            a.id,
            b.id,
            index,
          ]);
          same = equal;
        }
      }
      for (const { lostLog, bytesInFlight } of a.progress()) {
        rule(!lostLog, 'R10 no disk was set back', a.id);
        const bounded = bytesInFlight >= 0 && bytesInFlight < IN_FLIGHT_BYTES_MAX;
        rule(bounded, 'R9 bytes in flight are bounded', [a.id, bytesInFlight]);
      }
    }
  }

  #leader(seen: Seen, raft: Raft): void {
    const { term } = raft;
    if (seen.ledTerm !== term) {
      const earlier = this.#leaders.get(term) ?? raft.id;
      rule(earlier === raft.id, 'R1 a term has one leader', [term, earlier, raft.id]);
      this.#leaders.set(term, raft.id);
      this.elections++;
      // A late winner of an old term need not know what newer terms committed.
      for (const { index, term: entryTerm } of this.committed) {
        if (this.#committedIn[index - 1] >= term) break;
        if (index < raft.firstIndex - 1) continue;
        const same = index <= raft.lastIndex && raft.termAt(index) === entryTerm;
        rule(same, 'R4 a leader has all that was committed before its term', [term, index]);
      }
      seen.ledTerm = term;
    } else {
      rule(raft.lastIndex >= seen.ledLast, 'R2 a leader only appends', term);
    }
    seen.ledLast = raft.lastIndex;
  }

  /** What `raft` knows to be committed and nobody did before. */
  #commits(raft: Raft): void {
    for (let index = this.committed.length + 1; index <= raft.commitIndex; index++) {
      const term = raft.termAt(index);
      const entry = this.#entries.get(`${index}/${term}`);
      invariant(entry !== undefined, 'what is committed was written');
      rule(raft.role === 'leader', 'R4 a leader commits first', entry);
      let holders = 0;
      const { voters } = raft.membership;
      for (const other of this.#members()) {
        if (voters.includes(other.id) && other.disk.holds(index, term)) holders++;
      }
      rule(holders >= majorityOf(voters.length), 'R4 a majority has what is committed', entry);
      this.committed.push(entry);
      this.#committedIn.push(raft.term);
    }
  }

  /** No majority of the committed voters lacks a committed entry, in log and files (R4). */
  #held(): void {
    const config = this.committed.findLast(({ kind }) => kind === ENTRY_CONFIG);
    if (config === undefined) return;
    const { voters } = decodeMembership(config.payload);
    const disks = this.#members().filter(({ id }) => voters.includes(id));
    for (const { index, term } of this.committed) {
      let lacking = 0;
      for (const { disk } of disks) if (!disk.holds(index, term)) lacking++;
      rule(lacking < majorityOf(voters.length), 'R4 no majority lacks what is committed', index);
    }
  }

  /** The membership of a log is that of its newest config entry, wherever that went (R8, R13). */
  #config(raft: Raft): void {
    const { id, firstIndex, configIndex } = raft;
    let config: Entry | undefined;
    for (let index = raft.lastIndex; index > 0 && config === undefined; index--) {
      const entry =
        index < firstIndex
          ? this.committed[index - 1]
          : this.#entries.get(`${index}/${raft.termAt(index)}`);
      if (entry === undefined) return; // it has shown it to nobody yet
      if (entry.kind === ENTRY_CONFIG) config = entry;
    }
    rule(configIndex === (config?.index ?? 0), 'R13 the newest config counts', [id, configIndex]);
    this.#membership(config, raft.membership);
  }

  #membership(config: Entry | undefined, said: Membership): void {
    if (config === undefined) return;
    const expected = JSON.stringify(decodeMembership(config.payload));
    rule(expected === JSON.stringify(said), 'R13 a membership is that of its entry', said);
  }

  #identify(entry: Entry): void {
    const key = `${entry.index}/${entry.term}`;
    const known = this.#entries.get(key);
    if (known === undefined) {
      this.#entries.set(key, kept(entry));
      return;
    }
    const { payload } = entry;
    const same =
      known.kind === entry.kind &&
      equalBytes(known.payload, 0, known.payload.length, payload, 0, payload.length);
    rule(same, 'R3 index and term name one entry', key);
  }

  #look(member: Watched, raft: Raft): Seen {
    const seen = this.#seen.get(member.id);
    invariant(seen?.raft === raft, 'a process was started');
    return seen;
  }
}

/** `entry` with a payload that lasts: that of what Raft gives out does not. */
export function kept(entry: Entry): Entry {
  return { ...entry, payload: entry.payload.slice() };
}

function rule(holds: boolean, name: string, what: unknown): asserts holds {
  if (!holds) throw new RuleBrokenError(`${name}: ${JSON.stringify(what)}`);
}
