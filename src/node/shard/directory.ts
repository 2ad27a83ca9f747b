/**
 * Names and addresses of this shard's members, from whoever knows: the bootstrap record, the operator's
 * hints, and hellos on peer links (the newest word wins). Only hints: safety never depends on an address.
 *
 * The log says which memberIds there are (Raft's config entries) and nothing else of them. Names and kinds are not
 * logged: nothing that must be right rests on them. A leader that looks for a member to hand over to asks only
 * those that it hears, and who is heard has said hello with its kind; a name only tells people whom is meant.
 */
import type { MemberDescriptor, ShardDescriptor } from '#node/cluster/descriptor.ts';
import type { Raft } from '#node/raft/raft.ts';

export interface MemberAddress {
  readonly memberId: string;
  readonly name: string;
  readonly kind: 'data' | 'log';
  readonly host: string;
  readonly peerPort: number;
  /** 0 while unknown. */
  readonly clientPort: number;
  /** 0 while unknown, and for a member that has none. */
  readonly pulsePort: number;
}

/** Where the pulse of a member is. */
export interface PulseAddress {
  readonly memberId: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface DirectoryOptions {
  readonly shard: string;
  readonly slots: readonly (readonly [number, number])[];
  /** Clients reach all members by TLS, or none. */
  readonly clientTls: boolean;
  /** Silence in milliseconds after which the primary calls a member offline. */
  readonly offlineMs: number;
}

/** How often it is judged who is online; a change of term or members is seen at once. */
const LOOK_MS = 100;

export class Directory {
  /** Rises with all that is learnt. */
  revision = 0;
  /** memberIds of those who hold no keyspace. */
  readonly logMembers = new Set<string>();
  readonly #options: DirectoryOptions;
  readonly #members = new Map<string, MemberAddress>();
  #version = 0;
  #published = '';
  /** What the last look was at, so that most ticks need none. */
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #lookedTerm = 0;
  #lookedConfigIndex = 0;

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  /** Takes what is said of a member; what it leaves out stays. */
  learn(address: MemberAddress): void {
    const known = this.#members.get(address.memberId);
    const clientPort = address.clientPort || (known?.clientPort ?? 0);
    const pulsePort = address.pulsePort || (known?.pulsePort ?? 0);
    this.#members.set(address.memberId, { ...address, clientPort, pulsePort });
    if (address.kind === 'log') this.logMembers.add(address.memberId);
    this.revision++;
    this.#lookedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** '' when it was never heard of. */
  nameOf(memberId: string): string {
    return this.#members.get(memberId)?.name ?? '';
  }

  /** Where the pulses of all other present members are, as far as they have told. */
  pulses(raft: Raft): PulseAddress[] {
    const { voters, learners } = raft.membership;
    const found: PulseAddress[] = [];
    for (const memberId of [...voters, ...learners]) {
      const known = this.#members.get(memberId);
      if (memberId === raft.id || known === undefined || known.pulsePort === 0) continue;
      found.push({ memberId, name: known.name, host: known.host, port: known.pulsePort });
    }
    return found;
  }

  /** The shard as it is known before its first primary has spoken. */
  initial(voters: readonly string[]): ShardDescriptor {
    return this.#descriptor(0, '', voters, () => ({ role: 'unknown', state: 'loading' }));
  }

  /** The shard's new descriptor if this member leads and something has changed since the last one. */
  changed(raft: Raft, nowMs: number): ShardDescriptor | null {
    if (raft.role !== 'leader') {
      this.#published = '';
      this.#lookedTerm = 0;
      return null;
    }
    const { term, configIndex } = raft;
    const same = term === this.#lookedTerm && configIndex === this.#lookedConfigIndex;
    if (same && nowMs - this.#lookedAtMs < LOOK_MS) return null;
    this.#lookedAtMs = nowMs;
    this.#lookedTerm = term;
    this.#lookedConfigIndex = configIndex;
    const contact = new Map(raft.progress().map(({ id, lastContactMs }) => [id, lastContactMs]));
    const { voters, learners } = raft.membership;
    const judge = (id: string, kind: 'data' | 'log'): Pick<MemberDescriptor, 'role' | 'state'> => {
      if (id === raft.id) return { role: kind === 'log' ? 'log' : 'primary', state: 'online' };
      const silentMs = nowMs - (contact.get(id) ?? 0);
      const role = learners.includes(id) ? 'learner' : kind === 'log' ? 'log' : 'replica';
      return { role, state: silentMs > this.#options.offlineMs ? 'offline' : 'online' };
    };
    const next = this.#descriptor(raft.term, raft.id, [...voters, ...learners], judge);
    const content = JSON.stringify(next);
    if (content === this.#published) return null;
    this.#published = content;
    this.#version++;
    return { ...next, version: this.#version };
  }

  #descriptor(
    term: number,
    primary: string,
    ids: readonly string[],
    judge: (id: string, kind: 'data' | 'log') => Pick<MemberDescriptor, 'role' | 'state'>,
  ): ShardDescriptor {
    const members: MemberDescriptor[] = [];
    for (const id of ids) {
      const known = this.#members.get(id);
      if (known === undefined) continue;
      const { name, kind, host, peerPort, clientPort } = known;
      members.push({
        memberId: id,
        name,
        kind,
        ...judge(id, kind),
        peerHost: host,
        peerPort,
        endpoints:
          kind === 'log' || clientPort === 0
            ? []
            : [{ listener: 'client', host, port: clientPort, tls: this.#options.clientTls }],
      });
    }
    return {
      shard: this.#options.shard,
      term,
      version: 0,
      primary,
      slots: this.#options.slots.map(([first, last]) => ({ first, last, epoch: 1 })),
      members,
    };
  }
}
