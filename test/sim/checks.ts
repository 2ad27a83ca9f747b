/**
 * The rules of the Raft core (src/node/raft/SPEC.md) as seen from outside: with true time, a view of every disk, and
 * every message. It keeps its own books and trusts no member; a broken rule ends the run.
 */
import { equalBytes } from '#base/bytes.ts';
import type { Entry } from '#node/raft/entry.ts';
import type { Message } from '#node/raft/message.ts';
import { majorityOf } from '#node/raft/quorum.ts';
import type { Raft } from '#node/raft/raft.ts';
import type { Persist } from '#node/raft/ready.ts';
import type { Member } from '#node/shard/member.ts';
import type { SimMember } from './member.ts';
import type { SimShard } from './shard.ts';

/** A rule is broken: a bug was found. */
export class RuleBrokenError extends Error {
  readonly code = 'RULE_BROKEN';
}

export function rule(holds: boolean, name: string, what: () => unknown): asserts holds {
  if (!holds) throw new RuleBrokenError(`${name}: ${JSON.stringify(what())}`);
}

/** What is remembered of one life of a member. */
interface Seen {
  readonly raft: Raft;
  term: number;
  commit: number;
  ledTerm: number;
  ledLast: number;
  /** Its voters while it led {@link ledTerm}. */
  voters: readonly string[];
}

export class Checks {
  /** How often a leader was elected. */
  elections = 0;
  /** Terms of the committed entries; [i] has index i + 1. */
  readonly committed: number[] = [];
  /** The term of the leader that committed each of them. */
  readonly #committedIn: number[] = [];
  readonly #shard: SimShard;
  readonly #leaders = new Map<number, string>();
  readonly #votes = new Map<string, string>();
  /** By index, then one for each term. */
  readonly #entries: Entry[][] = [];
  readonly #seen = new Map<SimMember, Seen>();
  /** `candidate/term` and who would vote for it, as far as that arrived. */
  readonly #promises = new Map<string, Set<string>>();
  readonly #digests = new Map<number, string>();

  constructor(shard: SimShard) {
    this.#shard = shard;
  }

  /** True when the entry is known to be committed. */
  isCommitted(index: number, term: number): boolean {
    return this.committed[index - 1] === term;
  }

  /** A message leaves `place` (R7, R11). */
  leaving(place: SimMember, message: Message): void {
    const { term } = message;
    const { hardState } = place.disk;
    if (message.type === 'vote' || (message.type === 'vote-reply' && message.granted)) {
      const candidate = message.type === 'vote' ? message.from : message.to;
      const { term: diskTerm, vote } = hardState;
      const durable = diskTerm > term || (diskTerm === term && vote === candidate);
      rule(durable, 'R7 a vote is on disk', () => message);
      const key = `${message.from}/${term}`;
      const earlier = this.#votes.get(key) ?? candidate;
      rule(earlier === candidate, 'R7 a member votes once in a term', () => message);
      this.#votes.set(key, candidate);
    }
    if (message.type === 'vote' && !message.handOver) this.#standing(place, message.term);
    if (message.type === 'append-reply' && message.accepted && place.member?.raft.term === term) {
      const { index } = message;
      const { disk, member } = place;
      // what a snapshot covers was dropped from either
      const covered = index < Math.max(member.raft.firstIndex - 1, disk.base.index);
      const same = covered || disk.termAt(index) === member.raft.termAt(index);
      const durable = same && hardState.term >= term;
      rule(durable, 'R7 what is acknowledged is on disk', () => message);
    }
  }

  /** A message arrives. */
  arriving(message: Message): void {
    if (message.type !== 'pre-vote-reply' || !message.granted) return;
    const key = `${message.to}/${message.term}`;
    let promises = this.#promises.get(key);
    if (promises === undefined) this.#promises.set(key, (promises = new Set()));
    promises.add(message.from);
  }

  /** `place` gives its disk something to do (R3). */
  persisting(request: Persist): void {
    for (const entry of request.entries) this.#identify(entry);
  }

  /** Something ran on the member: what it may not take back, elections, commits, leases. */
  look(place: SimMember, member: Member): void {
    const { raft } = member;
    let seen = this.#seen.get(place);
    if (seen === undefined || seen.raft !== raft) {
      seen = { raft, term: 0, commit: 0, ledTerm: 0, ledLast: 0, voters: [] };
      this.#seen.set(place, seen);
    }
    rule(raft.term >= seen.term, 'R1 terms do not fall', () => place.name);
    rule(raft.commitIndex >= seen.commit, 'R5 the commit index does not fall', () => place.name);
    seen.term = raft.term;
    if (raft.role === 'leader') this.#leads(place, seen, raft);
    if (raft.commitIndex > seen.commit) this.#commits(place, seen, raft);
    if (raft.role === 'leader') this.#leases(place, raft);
  }

  /** A member found that it does not hold what the primary held at the same entry. */
  differs(place: SimMember, index: number): void {
    rule(false, 'R5 equal indexes mean equal keyspaces', () => [place.name, index]);
  }

  /** The member begins to serve. */
  serves(place: SimMember, { raft, applier }: Member): void {
    const own = raft.termAt(raft.commitIndex) === raft.term;
    rule(own, 'W5 a primary has committed an entry of its term', () => place.name);
    const level = applier.appliedIndex === raft.commitIndex;
    rule(level, 'W5 a primary has applied all that is committed', () => place.name);
  }

  /** Bytes computed from the keyspace leave a primary. */
  answering(place: SimMember, member: Member): void {
    const { raft } = member;
    rule(member.state === 'primary', 'W6 nothing leaves after a step-down', () => place.name);
    for (const { member: other, name } of this.#shard.members) {
      if (other === null || other === member || other.raft.role !== 'leader') continue;
      rule(other.raft.term < raft.term, 'W5 nothing leaves once another is elected', () => [
        place.name,
        name,
      ]);
    }
  }

  /** Members that have applied the same hold the same. Now and then. */
  compareDigests(): void {
    for (const { member, kind, name } of this.#shard.members) {
      if (kind === 'log' || member === null || member.rebuilding) continue;
      const digest = member.digest();
      if (digest === null) continue;
      const known = this.#digests.get(digest.index) ?? digest.digest;
      rule(known === digest.digest, 'R5 equal indexes mean equal keyspaces', () => [
        name,
        digest.index,
      ]);
      this.#digests.set(digest.index, known);
    }
  }

  /** The logs of all that run, pairwise (R3), and what leaders think of the others' disks (R10). Slow. */
  compareLogs(): void {
    const rafts = this.#shard.members.flatMap(({ member }) => (member ? [member.raft] : []));
    for (const a of rafts) {
      for (const b of rafts) {
        if (a.id >= b.id) continue;
        let same = false;
        const first = Math.max(a.firstIndex, b.firstIndex) - 1;
        for (let index = Math.min(a.lastIndex, b.lastIndex); index >= first; index--) {
          const equal = a.termAt(index) === b.termAt(index);
          rule(equal || !same, 'R3 logs that agree at an index agree before it', () => [
            a.id,
            b.id,
            index,
          ]);
          same = equal;
        }
      }
    }
  }

  /** What was committed is in the log of `raft`: nothing that was acknowledged is lost. */
  compareCommitted(place: SimMember, raft: Raft): void {
    for (let index = first(raft); index <= this.committed.length; index++) {
      const same = index <= raft.lastIndex && raft.termAt(index) === this.committed[index - 1];
      rule(same, 'R4 what was committed stays', () => [place.name, index]);
    }
  }

  /** R11: who would not be elected raises no term. */
  #standing(place: SimMember, term: number): void {
    const voters = place.member?.raft.membership.voters ?? [];
    const promises = this.#promises.get(`${place.id}/${term}`);
    const count = 1 + voters.filter((id) => id !== place.id && promises?.has(id)).length;
    // the membership may have changed since it stood, by one voter
    const enough = count >= majorityOf(Math.max(1, voters.length - 1));
    rule(enough, 'R11 a candidate was promised a majority', () => [place.name, term]);
  }

  #commits(place: SimMember, seen: Seen, raft: Raft): void {
    const { committed } = this;
    const news = raft.commitIndex > committed.length;
    for (let index = Math.max(seen.commit + 1, first(raft)); index <= raft.commitIndex; index++) {
      const term = raft.termAt(index);
      if (index <= committed.length) {
        rule(committed[index - 1] === term, 'R5 members commit the same', () => [
          place.name,
          index,
          term,
        ]);
      } else {
        committed.push(term);
        this.#committedIn.push(raft.term);
      }
    }
    seen.commit = raft.commitIndex;
    if (!news) return;
    rule(raft.role === 'leader', 'R4 a leader commits first', () => place.name);
    const index = raft.commitIndex;
    const own = committed[index - 1] === raft.term;
    rule(own, 'R4 only entries of the own term are counted', () => [place.name, index]);
    const { voters } = raft.membership;
    const holders = new Set<string>();
    for (const { id, disk } of this.#shard.members) {
      if (voters.includes(id) && disk.termAt(index) === raft.term) holders.add(id);
    }
    rule(holders.size >= majorityOf(voters.length), 'R4 a majority has what is committed', () => [
      place.name,
      index,
      [...holders],
    ]);
  }

  #leads(place: SimMember, seen: Seen, raft: Raft): void {
    const { term } = raft;
    if (seen.ledTerm === term) {
      rule(raft.lastIndex >= seen.ledLast, 'R2 a leader only appends', () => place.name);
      const { voters } = raft.membership;
      if (voters !== seen.voters) {
        const changed = difference(voters, seen.voters) + difference(seen.voters, voters);
        rule(changed <= 1, 'R8 one voter comes or goes at a time', () => [seen.voters, voters]);
      }
      seen.voters = voters;
      seen.ledLast = raft.lastIndex;
      return;
    }
    const earlier = this.#leaders.get(term) ?? raft.id;
    rule(earlier === raft.id, 'R1 a term has one leader', () => [term, earlier, raft.id]);
    this.#leaders.set(term, raft.id);
    this.elections++;
    // a late winner of an old term need not know what newer terms committed
    for (let index = first(raft); index <= this.committed.length; index++) {
      if (this.#committedIn[index - 1] >= term) break;
      const same = index <= raft.lastIndex && raft.termAt(index) === this.committed[index - 1];
      rule(same, 'R4 a leader has all that was committed before its term', () => [
        place.name,
        term,
        index,
      ]);
    }
    seen.ledTerm = term;
    seen.ledLast = raft.lastIndex;
    seen.voters = raft.membership.voters;
  }

  /** R6, also for members that are not the one that just ran. */
  #leases(place: SimMember, raft: Raft): void {
    for (const other of this.#shard.members) {
      const theirs = other.member?.raft;
      if (theirs === undefined || other === place || theirs.role !== 'leader') continue;
      const [older, newer] = raft.term < theirs.term ? [place, other] : [other, place];
      const holds =
        !older.clockInDoubt && older.member?.raft.leaseValid(older.clock.monotonicMs()) === true;
      rule(!holds, 'R6 nobody is elected in a lease', () => [older.name, newer.name]);
    }
  }

  #identify(entry: Entry): void {
    const same = (this.#entries[entry.index] ??= []);
    const known = same.find(({ term }) => term === entry.term);
    if (known === undefined) {
      same.push({ ...entry, payload: entry.payload.slice() });
      return;
    }
    const { payload } = entry;
    const equal =
      known.kind === entry.kind &&
      equalBytes(known.payload, 0, known.payload.length, payload, 0, payload.length);
    rule(equal, 'R3 index and term name one entry', () => [entry.index, entry.term]);
  }
}

/** The first entry whose term the member knows; a snapshot has what came before. */
function first(raft: Raft): number {
  return Math.max(1, raft.firstIndex - 1);
}

/** How many of `a` are not in `b`. */
function difference(a: readonly string[], b: readonly string[]): number {
  return a.filter((id) => !b.includes(id)).length;
}
