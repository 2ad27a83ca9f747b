/**
 * Message: everything that members say to each other about the log and its leadership. A message may
 * be lost, delayed, doubled or overtaken; every handler tolerates that.
 *
 * `term` is the sender's term, except in a pre-vote and in a reply that grants one: there it is the
 * term that the candidate would stand in. Times in messages (`sentMs`) are the leader's own monotonic
 * milliseconds, echoed back unread: no clock is ever compared with another member's.
 */
import type { Entry } from './entry.ts';
import type { SnapshotMeta } from './snapshot.ts';

/** `sentMs` of an answer that acknowledges nothing, and so promises nothing: that to a leader of an earlier term. */
export const NOTHING_SENT_MS = -Number.MAX_VALUE;

interface Envelope {
  /** The sender's memberId. */
  readonly from: string;
  /** The receiver's memberId. */
  readonly to: string;
  readonly term: number;
}

/** "Would you vote for me?" Changes nothing at the receiver (dissertation §9.6). */
export interface PreVote extends Envelope {
  readonly type: 'pre-vote';
  readonly lastIndex: number;
  readonly lastTerm: number;
}

/** The answer to a {@link PreVote}. */
export interface PreVoteReply extends Envelope {
  readonly type: 'pre-vote-reply';
  readonly granted: boolean;
}

/** A request for a vote in `term` (§3.4). Leaves only when the sender's vote for itself is on disk. */
export interface Vote extends Envelope {
  readonly type: 'vote';
  readonly lastIndex: number;
  readonly lastTerm: number;
  /**
   * The leader of `term - 1` has given up its lease for this, so promises to earlier leaders do not
   * stand in the way (§3.10).
   */
  readonly handOver: boolean;
}

/** The answer to a {@link Vote}. A grant leaves only when the vote is on disk. */
export interface VoteReply extends Envelope {
  readonly type: 'vote-reply';
  readonly granted: boolean;
}

/** Entries after (prevIndex, prevTerm), possibly none (§3.5). */
export interface Append extends Envelope {
  readonly type: 'append';
  readonly prevIndex: number;
  readonly prevTerm: number;
  /** The leader's commit index; the receiver's is at most what this message shows it to hold. */
  readonly commit: number;
  /** When the leader made this message, by its own clock. */
  readonly sentMs: number;
  readonly entries: readonly Entry[];
}

/**
 * The answer to an {@link Append}. An accepting one leaves only when the entries are on disk. A refusing one also
 * answers a {@link Heartbeat} that names what is not there (SPEC R10).
 */
export interface AppendReply extends Envelope {
  readonly type: 'append-reply';
  /** `sentMs` of what is answered: the receiver promised no vote for an election timeout from getting it. */
  readonly sentMs: number;
  readonly accepted: boolean;
  /** Accepted: the receiver holds the leader's log up to here. Refused: `prevIndex` or `commit` of what is answered. */
  readonly index: number;
  /** Refused: the logs can only agree at or below this index, where the receiver has `hintTerm`. */
  readonly hintIndex: number;
  readonly hintTerm: number;
  /** Bytes that the receiver's disk still has room for; an integer. */
  readonly freeBytes: number;
}

/** "I lead `term`", sent at a fixed pace. */
export interface Heartbeat extends Envelope {
  readonly type: 'heartbeat';
  /** A commit index that the receiver is known to hold, and that entry's term; 0 and 0 for none. */
  readonly commit: number;
  /** The receiver looks at its entry first: its disk may have been set back since it said that it holds it. */
  readonly commitTerm: number;
  readonly sentMs: number;
}

/** The answer to a {@link Heartbeat}, with the same promise as an {@link AppendReply}. */
export interface HeartbeatReply extends Envelope {
  readonly type: 'heartbeat-reply';
  readonly sentMs: number;
  /** As in an {@link AppendReply}. */
  readonly freeBytes: number;
}

/**
 * "What you lack is not in my log any more; it is in this file" (§5). The file itself is fetched, not sent. Who has
 * what it covers answers like an append up to `meta.index`, at once or later; who has not, like a heartbeat.
 */
export interface Offer extends Envelope {
  readonly type: 'offer';
  readonly meta: SnapshotMeta;
  readonly sentMs: number;
}

/** The leader hands over: the receiver stands at once (§3.10). */
export interface TimeoutNow extends Envelope {
  readonly type: 'timeout-now';
}

export type Message =
  | PreVote
  | PreVoteReply
  | Vote
  | VoteReply
  | Append
  | AppendReply
  | Heartbeat
  | HeartbeatReply
  | Offer
  | TimeoutNow;
