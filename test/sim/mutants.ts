/**
 * Planted bugs: each a change of source text that the simulator must catch within {@link MOST_SEEDS} seeds. A text that
 * is not found any more fails loudly: then the mutant is to be written anew for the code as it is.
 */
export interface Patch {
  /** From the root of the repository. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  readonly patches: readonly Patch[];
}

/** In how many seeds each must be caught. */
export const MOST_SEEDS = 300;

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'ack before sync',
    patches: [
      {
        file: 'src/node/raft/follower.ts',
        find: "core.durability.sendWhenPersisted({\n    type: 'append-reply',",
        replace: "core.durability.send({\n    type: 'append-reply',",
      },
    ],
  },
  {
    name: 'own copy counts before sync',
    patches: [
      {
        file: 'src/node/raft/leader.ts',
        find: 'tally.add(core.durability.durableIndex);',
        replace: 'tally.add(core.log.lastIndex);',
      },
    ],
  },
  {
    name: 'no PreVote',
    patches: [
      {
        file: 'src/node/raft/election.ts',
        find: '  if (hasMajority(core)) {\n    stand(core, false);\n    return;\n  }\n  for',
        replace: '  if (core.isVoter) {\n    stand(core, false);\n    return;\n  }\n  for',
      },
    ],
  },
  {
    name: 'lease longer than the election timeout',
    patches: [
      {
        file: 'src/node/raft/leader.ts',
        find: 'new Leadership(firstIndex, electionTimeoutMs * leaseFraction, core.nowMs)',
        replace:
          'new Leadership(firstIndex, (electionTimeoutMs / leaseFraction) * 1.2, core.nowMs)',
      },
    ],
  },
  {
    name: 'lease from ack time',
    patches: [
      {
        file: 'src/node/raft/leader.ts',
        find: '  follower.acked(sentMs);\n',
        replace: '  follower.acked(core.nowMs);\n',
      },
    ],
  },
  {
    name: 'lease kept after TimeoutNow',
    patches: [
      {
        file: 'src/node/raft/hand-over.ts',
        find: '  leadership.lease.surrender();\n',
        replace: '',
      },
    ],
  },
  {
    name: 'vote right after a restart',
    patches: [
      {
        file: 'src/node/raft/core.ts',
        find: 'this.promisedUntilMs = nowMs + options.electionTimeoutMs;',
        replace: 'this.promisedUntilMs = nowMs;',
      },
    ],
  },
  {
    name: 'vote not synced',
    patches: [
      {
        file: 'src/node/raft/election.ts',
        find: '    core.restartElectionTimer();\n    core.durability.sendWhenPersisted(reply);',
        replace: '    core.restartElectionTimer();\n    core.durability.send(reply);',
      },
    ],
  },
  {
    name: 'serve before an own-term commit',
    patches: [
      {
        file: 'src/node/shard/member.ts',
        find: 'if (raft.ownTermCommitted && level) this.#becomePrimary();',
        replace: 'if (level) this.#becomePrimary();',
      },
    ],
  },
  {
    name: "commit an old term's entry by counting",
    patches: [
      {
        file: 'src/node/raft/leader.ts',
        find: 'if (index < leadership.firstIndex || index <= log.commitIndex) return;',
        replace: 'if (index <= log.commitIndex) return;',
      },
    ],
  },
  {
    name: 'reply before commit',
    patches: [
      {
        file: 'src/node/shard/serving.ts',
        find: 'const upTo = this.#member.batches.committedNumber;',
        replace: 'const upTo = this.#member.batches.openNumber;',
      },
    ],
  },
  {
    name: 'hazard ignored',
    patches: [
      {
        file: 'src/node/keyspace/keyspace.ts',
        find: 'if (index > store.waitIndex) store.waitIndex = index;',
        replace: '',
      },
    ],
  },
  {
    name: 'hazard dropped with its key',
    patches: [
      {
        file: 'src/node/keyspace/keyspace.ts',
        find: 'if (index > store.waitIndex) store.waitIndex = index;',
        replace: 'if (record !== 0 && index > store.waitIndex) store.waitIndex = index;',
      },
    ],
  },
  {
    name: 'reply without effect not held',
    patches: [
      {
        file: 'src/node/session/session.ts',
        find: '      ({ waitIndex } = host.keyspace);',
        replace: '      waitIndex = effects.length > before ? host.keyspace.waitIndex : 0;',
      },
    ],
  },
  {
    name: 'reuse of a memberId after disk loss',
    patches: [
      {
        file: 'test/sim/operator.ts',
        find: '    let place = this.#replacements.get(lost);',
        replace:
          '    lost.retired = true;\n    this.#shard.start(this.#shard.add(lost.kind, lost.id));\n' +
          '    return;\n    let place = this.#replacements.get(lost);',
      },
    ],
  },
  {
    name: 'two members swapped in one entry',
    patches: [
      {
        file: 'src/node/raft/membership.ts',
        find: 'return { voters: [...voters, id], learners: learners.filter((learner) => learner !== id) };',
        replace:
          'return { voters: [...voters.slice(0, -1), id], ' +
          'learners: learners.filter((learner) => learner !== id) };',
      },
    ],
  },
  {
    name: 'a read answered after the lease',
    patches: [
      {
        file: 'src/node/shard/serving.ts',
        find: "return this.#member.state === 'primary' ? this.#member.leaseHolds() : true;",
        replace: 'return true;',
      },
    ],
  },
  {
    name: 'an effect applied twice after a rebuild',
    patches: [
      {
        file: 'src/node/shard/applier.ts',
        find: '    this.#keyspace?.clear();\n',
        replace: '',
      },
    ],
  },
  {
    name: 'what was executed is not undone at a step-down',
    patches: [
      {
        file: 'src/node/shard/member.ts',
        find: 'if (unproposed && !this.keyspace.undo(this.batches.openNumber - 1)) this.#rebuild();',
        replace: '',
      },
    ],
  },
  {
    name: 'truncate without own snapshot',
    patches: [
      {
        file: 'src/node/shard/member.ts',
        find: 'digest: (digest) => this.snapshots.confirmed(digest),',
        replace:
          'digest: (digest) => {\n' +
          '        this.snapshots.confirmed(digest);\n' +
          '        this.#ports.disk.dropBefore(digest.index + 1);\n' +
          '      },',
      },
    ],
  },
  {
    name: 'snapshot of uncommitted effects',
    patches: [
      {
        file: 'src/node/shard/snapshots.ts',
        find: "if (making?.state !== 'walked' || this.#digest.index !== making.head.index) return;",
        replace: "if (making?.state !== 'walked') return;",
      },
      {
        file: 'src/node/shard/snapshots.ts',
        find: 'if (making.writer.digest !== this.#digest.digest) {',
        replace: 'if (making.writer.digest === this.#digest.digest + this.#digest.digest) {',
      },
      {
        file: 'src/node/shard/snapshots.ts',
        find: 'if (this.#options.settledIndex() >= this.#digest.index) this.#useDigest(nowMs);',
        replace: 'this.#useDigest(nowMs);',
      },
      {
        file: 'src/node/shard/snapshots.ts',
        find: '    else this.#events.taken(meta);\n',
        replace: '',
      },
      {
        file: 'src/node/shard/snapshots.ts',
        find: '    this.#events.compact(kept);\n',
        replace: '',
      },
    ],
  },
  {
    name: 'snapshot of a keyspace that is ahead of the checkpoint',
    patches: [
      {
        file: 'src/node/shard/checkpoints.ts',
        find: 'if (!caughtUpOnce || ahead) return;',
        replace: 'if (!caughtUpOnce || (ahead && !caughtUpOnce)) return;',
      },
    ],
  },
  {
    name: 'install drops the old log before the new file is durable',
    patches: [
      {
        file: 'src/node/shard/snapshot-fetch.ts',
        find: '    this.#publishing = true;\n    const sizeBytes = this.#offset;\n',
        replace:
          '    this.#publishing = true;\n    const sizeBytes = this.#offset;\n' +
          "    this.#done({ head, sizeBytes, digest }, '');\n",
      },
    ],
  },
  {
    name: 'own snapshot counts before the entry is on the own disk',
    patches: [
      {
        file: 'src/node/shard/snapshots.ts',
        find: 'if (this.#options.settledIndex() >= this.#digest.index) this.#useDigest(nowMs);',
        replace: 'this.#useDigest(nowMs);',
      },
    ],
  },
  {
    name: 'a restored keyspace goes on too early in the log',
    patches: [
      {
        file: 'src/node/shard/applier.ts',
        find: '    this.appliedIndex = index;\n',
        replace: '    this.appliedIndex = index - 2;\n',
      },
    ],
  },
  {
    name: 'a heartbeat commits what the leader does not hold',
    patches: [
      {
        file: 'src/node/raft/follower.ts',
        find: 'if (core.log.matches(commit, commitTerm)) core.log.commitTo(commit);',
        replace: 'if (commit <= core.log.lastIndex + 0 * commitTerm) core.log.commitTo(commit);',
      },
    ],
  },
  {
    name: 'a replica shows what is not committed',
    patches: [
      {
        file: 'src/node/shard/serving.ts',
        find: 'if (member.batches.inFlightCount > 0 || !member.caughtUpOnce) return false;',
        replace: 'if (!member.caughtUpOnce) return false;',
      },
    ],
  },
];
