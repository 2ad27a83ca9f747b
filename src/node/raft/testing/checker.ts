/**
 * Test support: watches a simulated cluster from outside, with true time and a view into every disk,
 * and throws as soon as a rule of SPEC.md is broken. It keeps its own books; it trusts no member.
 */
import { equalBytes } from '#base/bytes.ts';
import type { Entry } from '#node/raft/entry.ts';
import type { Message } from '#node/raft/message.ts';
import { majorityOf } from '#node/raft/quorum.ts';
import type { Raft, Ready } from '#node/raft/raft.ts';
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
      const same = disk.termAt(index) === member.raft.termAt(index);
      rule(same && diskTerm >= term, 'R7 what is acknowledged is on disk', message);
    }
    if (message.type === 'append') for (const entry of message.entries) this.#identify(entry);
  }

  /** `member` hands out something to do (R2 to R5). */
  ready(member: Watched, raft: Raft, ready: Ready): void {
    for (const entry of ready.persist?.entries ?? []) this.#identify(entry);
    const seen = this.#look(member, raft);
    for (const entry of ready.committed) {
      const { index, term } = entry;
      rule(index === seen.handedOut + 1, 'R5 committed entries come once and in order', entry);
      seen.handedOut = index;
      this.#identify(entry);
      if (index <= this.committed.length) {
        rule(this.committed[index - 1].term === term, 'R5 members apply the same', entry);
        continue;
      }
      rule(raft.role === 'leader', 'R4 a leader commits first', entry);
      let holders = 0;
      const { voters } = raft.membership;
      for (const other of this.#members()) {
        if (voters.includes(other.id) && other.disk.termAt(index) === term) holders++;
      }
      rule(holders >= majorityOf(voters.length), 'R4 a majority has what is committed', entry);
      this.committed.push(kept(entry));
      this.#committedIn.push(raft.term);
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
      rule(raft.term >= seen.term, 'R1 terms do not fall', member.id);
      rule(raft.commitIndex >= seen.commit, 'R5 the commit index does not fall', member.id);
      seen.term = raft.term;
      seen.commit = raft.commitIndex;
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

  /** The logs of all members, pairwise (R3). Slow: now and then. */
  logs(): void {
    const rafts = this.#members().flatMap(({ raft }) => (raft === null ? [] : [raft]));
    for (const a of rafts) {
      for (const b of rafts) {
        if (a.id >= b.id) continue;
        let same = false;
        for (let index = Math.min(a.lastIndex, b.lastIndex); index > 0; index--) {
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
        const same = index <= raft.lastIndex && raft.termAt(index) === entryTerm;
        rule(same, 'R4 a leader has all that was committed before its term', [term, index]);
      }
      seen.ledTerm = term;
    } else {
      rule(raft.lastIndex >= seen.ledLast, 'R2 a leader only appends', term);
    }
    seen.ledLast = raft.lastIndex;
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
    let seen = this.#seen.get(member.id);
    if (seen === undefined || seen.raft !== raft) {
      const { term } = raft;
      seen = { raft, handedOut: 0, commit: raft.commitIndex, term, ledTerm: 0, ledLast: 0 };
      this.#seen.set(member.id, seen);
    }
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
