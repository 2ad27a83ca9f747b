/**
 * Election: standing and voting (dissertation §3.4, §3.6.1), with a pre-vote first (§9.6) so that a
 * member that cannot win raises nobody's term.
 *
 * A member that lately acknowledged a leader, or has just started, ignores both kinds of request: that
 * is the promise on which leases rest (SPEC R6), and what keeps removed members from disturbing (§4.2.3).
 * It also binds this member's own vote: its pulse may have promised what its core has not heard of.
 * Only a vote request of a hand-over passes: there the leader itself gave its lease up.
 */
import type { Core } from './core.ts';
import { lead } from './leader.ts';
import type { PreVote, PreVoteReply, Vote, VoteReply } from './message.ts';
import { majorityOf } from './quorum.ts';

/** The election timeout is over: asks whether it would be elected. */
export function standIfElectable(core: Core): void {
  core.restartElectionTimer();
  if (!core.isVoter || !core.freeToStand || core.isPromised(core.term + 1)) return;
  core.follow(core.term, '');
  core.role = 'pre-candidate';
  core.granted.add(core.id);
  if (hasMajority(core)) {
    stand(core, false);
    return;
  }
  for (const voter of core.memberships.current.voters) {
    if (voter === core.id) continue;
    core.durability.send({
      type: 'pre-vote',
      from: core.id,
      to: voter,
      term: core.term + 1,
      lastIndex: core.log.lastIndex,
      lastTerm: core.log.lastTerm,
    });
  }
}

/** Stands in the next term. The own vote, like the requests, counts when it is on disk. */
export function stand(core: Core, handOver: boolean): void {
  if (!handOver && core.isPromised(core.term + 1)) {
    core.follow(core.term, core.leaderId);
    return;
  }
  core.follow(core.term + 1, '');
  core.role = 'candidate';
  core.restartElectionTimer();
  core.voteFor(core.id);
  const { id: from, term, log, durability } = core;
  const { lastIndex, lastTerm } = log;
  durability.sendWhenPersisted({ type: 'vote-reply', from, to: from, term, granted: true });
  for (const to of core.memberships.current.voters) {
    if (to === from) continue;
    durability.sendWhenPersisted({ type: 'vote', from, to, term, lastIndex, lastTerm, handOver });
  }
}

/** Someone asks whether this member would vote for it. */
export function onPreVote(core: Core, message: PreVote): void {
  if (message.term > core.term && core.isPromised(message.term)) return;
  const granted =
    message.term > core.term && core.log.isUpToDate(message.lastIndex, message.lastTerm);
  const reply: PreVoteReply = {
    type: 'pre-vote-reply',
    from: core.id,
    to: message.from,
    term: granted ? message.term : core.term,
    granted,
  };
  if (granted) core.durability.sendWhenPersisted(reply);
  else core.durability.send(reply);
}

/** A member would, or would not, vote for this one. */
export function onPreVoteReply(core: Core, message: PreVoteReply): void {
  if (!message.granted || core.role !== 'pre-candidate' || message.term !== core.term + 1) return;
  core.granted.add(message.from);
  if (hasMajority(core)) stand(core, false);
}

/** Someone asks for a vote. */
export function onVote(core: Core, message: Vote): void {
  if (!message.handOver && message.term >= core.term && core.isPromised(message.term)) return;
  if (message.term > core.term) core.follow(message.term, '');
  const free = core.vote === message.from || (core.vote === '' && core.leaderId === '');
  const granted =
    message.term === core.term && free && core.log.isUpToDate(message.lastIndex, message.lastTerm);
  const reply: VoteReply = {
    type: 'vote-reply',
    from: core.id,
    to: message.from,
    term: core.term,
    granted,
  };
  if (granted) {
    core.voteFor(message.from);
    core.restartElectionTimer();
    core.durability.sendWhenPersisted(reply);
  } else {
    core.durability.send(reply);
  }
}

/** A vote of this term, also this member's own once it is on disk. */
export function onVoteReply(core: Core, message: VoteReply): void {
  if (!message.granted || core.role !== 'candidate') return;
  core.granted.add(message.from);
  if (hasMajority(core)) lead(core);
}

function hasMajority(core: Core): boolean {
  const { voters } = core.memberships.current;
  let count = 0;
  for (const voter of voters) if (core.granted.has(voter)) count++;
  return count >= majorityOf(voters.length);
}
