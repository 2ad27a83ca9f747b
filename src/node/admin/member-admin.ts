/**
 * The admin API of one member: what `admin.ts` carries over HTTP, done on the member that runs here. Before
 * bootstrap there is no member, only a disk with a memberId; forming is the wiring's part.
 */
import type { Member } from '#node/shard/member.ts';
import type {
  AdminHandler,
  Answer,
  BootstrapRecord,
  FollowerStatus,
  HandOverRequest,
  MembershipRequest,
  MemberStatus,
  PeerHint,
  Refusal,
  SetAsideRequest,
  SettingsRequest,
} from './handler.ts';

/** What the wiring knows and does. */
export interface NodeFacts {
  readonly name: string;
  readonly memberId: string;
  readonly shard: string;
  readonly kind: 'data' | 'log';
  readonly version: string;
  readonly maxmemoryBytes: number;
  readonly handOverTimeoutMs: number;
  /** Null before bootstrap. */
  readonly record: BootstrapRecord | null;
  /** Null before bootstrap. */
  readonly member: Member | null;
  readonly ready: boolean;
  /** This disk ever belonged to a shard. */
  readonly everFormed: boolean;
  readonly disk: {
    readonly healthy: boolean;
    readonly freeBytes: number;
    readonly totalBytes: number;
  };
  /** RFC 3339; '' without TLS. */
  readonly certificates: { readonly clientNotAfter: string; readonly peerNotAfter: string };
  /** A majority of voters was heard from within an election timeout. */
  readonly quorum: boolean;
  monotonicMs(): number;
  /** Keeps `record` for life, synced, and starts the member. */
  form(record: BootstrapRecord): Promise<void>;
  keepPeers(peers: readonly PeerHint[]): Promise<void>;
  /** Gives the memberId up for ever; the process ends. */
  setAside(): void;
  /** The name of a member of this shard, '' when unknown. */
  nameOf(memberId: string): string;
}

const NOT_FORMED: Refusal = {
  status: 409,
  error: 'NotFormed',
  message: 'this disk belongs to no shard yet',
};

export class MemberAdmin implements AdminHandler {
  readonly #facts: NodeFacts;

  constructor(facts: NodeFacts) {
    this.#facts = facts;
  }

  status(): MemberStatus {
    const facts = this.#facts;
    const { member, record } = facts;
    const raft = member?.raft;
    return {
      member: facts.name,
      memberId: facts.memberId,
      clusterId: record?.clusterId ?? '',
      shard: facts.shard,
      kind: facts.kind,
      version: facts.version,
      formed: record !== null,
      disk: { everFormed: facts.everFormed, ...facts.disk },
      role: roleOf(member, facts.kind),
      ready: facts.ready,
      term: raft?.term ?? 0,
      leader: raft?.leaderId ?? '',
      lease: raft?.leaseValid(facts.monotonicMs()) ?? false,
      commitIndex: raft?.commitIndex ?? 0,
      appliedIndex: member?.applier.appliedIndex ?? 0,
      lastIndex: raft?.lastIndex ?? 0,
      configIndex: raft?.configIndex ?? 0,
      voters: raft?.membership.voters ?? [],
      learners: raft?.membership.learners ?? [],
      followers: followersOf(facts),
      slots: (record?.slots ?? []).map(([first, last]) => `${first}-${last}`),
      settingsRevision: member?.settings?.revision ?? 0,
      quorum: facts.quorum,
      keys: member?.keyspace.size ?? 0,
      memoryBytes: member?.keyspace.memoryBytes ?? 0,
      maxmemoryBytes: facts.maxmemoryBytes,
      certificates: facts.certificates,
    };
  }

  async bootstrap(record: BootstrapRecord): Promise<Answer<Record<string, never>>> {
    const facts = this.#facts;
    const refusal = unfit(facts, record);
    if (refusal !== null) return refusal;
    if (facts.record !== null) return { ok: {} };
    if (!record.voters.some(({ memberId }) => memberId === facts.memberId)) {
      return refuse('NotAVoter', `memberId ${facts.memberId} is not among the record's voters`);
    }
    await facts.form(record);
    return { ok: {} };
  }

  async join(record: BootstrapRecord): Promise<Answer<Record<string, never>>> {
    const facts = this.#facts;
    if (record.voters.some(({ memberId }) => memberId === facts.memberId)) {
      return refuse('AVoter', `memberId ${facts.memberId} is among the record's first voters`);
    }
    const refusal = unfit(facts, record);
    if (refusal !== null) return refusal;
    if (facts.record === null) await facts.form(record);
    return { ok: {} };
  }

  async changeMembership(request: MembershipRequest): Promise<Answer<{ readonly index: number }>> {
    const { member } = this.#facts;
    if (member === null) return { refusal: NOT_FORMED };
    const { change: kind, memberId: id, configIndex, term } = request;
    const result = await member.changeMembership({ kind, id }, configIndex, term);
    if ('index' in result) return { ok: result };
    if (result.refused !== 'Unknown') {
      const { raft } = member;
      return refuse(result.refused, `${kind} of ${id} refused: ${result.refused}`, {
        leader: raft.leaderId,
        configIndex: raft.configIndex,
        term: raft.term,
      });
    }
    const message = 'this member leads no more; the change may or may not be made';
    return { refusal: { status: 503, error: 'OutcomeUnknown', message } };
  }

  setAside(request: SetAsideRequest): Promise<Answer<Record<string, never>>> {
    return Promise.resolve(this.#setAside(request));
  }

  #setAside(request: SetAsideRequest): Answer<Record<string, never>> {
    const { member, memberId } = this.#facts;
    if (member === null) return { refusal: NOT_FORMED };
    if (request.memberId !== memberId) {
      return refuse('WrongMember', `this member is ${memberId}, not ${request.memberId}`);
    }
    const { raft } = member;
    if (raft.role === 'leader') return refuse('Leads', 'this member leads its shard');
    if (request.term < raft.term) {
      return refuse('StaleTerm', `term ${raft.term} is known here`, { term: raft.term });
    }
    if (request.reason === 'removed' && knowsBetter(member, request)) {
      const { configIndex } = raft;
      const message = `the configuration at ${configIndex} names this member`;
      return refuse('StaleConfig', message, { configIndex });
    }
    this.#facts.setAside();
    return { ok: {} };
  }

  async putPeers(peers: readonly PeerHint[]): Promise<Answer<Record<string, never>>> {
    await this.#facts.keepPeers(peers);
    return { ok: {} };
  }

  async putSettings(
    settings: SettingsRequest,
  ): Promise<Answer<{ readonly revision: number; readonly index: number }>> {
    const { member } = this.#facts;
    if (member === null) return { refusal: NOT_FORMED };
    const applied = member.settings;
    if (applied !== null && settings.revision < applied.revision) {
      return refuse('StaleRevision', `revision ${applied.revision} is applied already`, {
        revision: applied.revision,
      });
    }
    if (applied !== null && settings.revision === applied.revision) {
      return { ok: { revision: settings.revision, index: member.applier.appliedIndex } };
    }
    const index = await member.propose(settings);
    if (index === null) {
      return refuse('NotPrimary', 'this member is not the primary, or was not for long enough', {
        primary: member.raft.leaderId,
      });
    }
    return { ok: { revision: settings.revision, index } };
  }

  async handOver(request: HandOverRequest): Promise<Answer<{ readonly refusedWriteMs: number }>> {
    const { member, handOverTimeoutMs } = this.#facts;
    if (member === null) return { refusal: NOT_FORMED };
    const result = await member.handOver({
      configIndex: request.configIndex,
      term: request.term,
      target: request.target ?? '',
      timeoutMs: handOverTimeoutMs,
    });
    if (result.kind === 'done') return { ok: { refusedWriteMs: result.parkedMs } };
    if (result.kind === 'timeout') {
      return { refusal: { status: 503, error: 'Timeout', message: 'no member took over in time' } };
    }
    return refuse(result.reason, `hand-over refused: ${result.reason}`);
  }

  digest(): Promise<Answer<{ readonly index: number; readonly digest: string }>> {
    const { member } = this.#facts;
    if (member === null) return Promise.resolve({ refusal: NOT_FORMED });
    const digest = member.digest();
    if (digest !== null) return Promise.resolve({ ok: digest });
    const message = 'effects are under way; ask again';
    return Promise.resolve({ refusal: { status: 503, error: 'Busy', message } });
  }
}

/** What status and metrics call this member's part in its shard. */
export function roleOf(member: Member | null, kind: 'data' | 'log'): MemberStatus['role'] {
  if (member === null) return 'unformed';
  if (kind === 'log') return 'log';
  return member.state === 'primary' ? 'primary' : 'replica';
}

/** Why this disk cannot take `record`; null when it can, or has it already. */
function unfit(facts: NodeFacts, record: BootstrapRecord): { readonly refusal: Refusal } | null {
  const { record: known } = facts;
  if (known !== null) {
    if (sameRecord(known, record)) return null;
    return refuse('AlreadyFormed', 'this disk already belongs to a shard', {
      clusterId: known.clusterId,
      shard: known.shard,
    });
  }
  if (record.shard === facts.shard) return null;
  return refuse('WrongShard', `this member is of shard ${facts.shard}, not ${record.shard}`);
}

/** This member's log has a config that names it and may be newer than the one that does not. */
function knowsBetter({ raft }: Member, request: SetAsideRequest): boolean {
  const { voters, learners } = raft.membership;
  if (!voters.includes(raft.id) && !learners.includes(raft.id)) return false;
  if (request.configIndex > raft.configIndex) return false;
  // what is not committed here was cut off if a leader of a later term does not know it
  return raft.configIndex <= raft.commitIndex || request.term <= raft.termAt(raft.configIndex);
}

function followersOf(facts: NodeFacts): FollowerStatus[] {
  const progress = facts.member?.raft.progress() ?? [];
  return progress.map(({ id, caughtUp, lostLog }) => ({
    memberId: id,
    name: facts.nameOf(id),
    caughtUp,
    lostLog,
  }));
}

function sameRecord(a: BootstrapRecord, b: BootstrapRecord): boolean {
  const key = (record: BootstrapRecord): string =>
    JSON.stringify([
      record.clusterId,
      record.shard,
      record.slots,
      record.voters.map(({ memberId, kind }) => [memberId, kind]),
    ]);
  return key(a) === key(b);
}

function refuse(
  error: string,
  message: string,
  details: Readonly<Record<string, string | number>> = {},
): { readonly refusal: Refusal } {
  return { refusal: { status: 409, error, message, details } };
}
