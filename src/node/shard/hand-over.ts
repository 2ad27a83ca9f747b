/**
 * A planned change of leader (dissertation §3.10) around a running workload: commands are parked, what is in
 * flight commits, then Raft transfers. If the target does not take over in time, commands run here again.
 */
import type { Raft } from '#node/raft/raft.ts';

export interface HandOverRequest {
  /** The configuration and term that the caller decided on; a stale request is refused. */
  readonly configIndex: number;
  readonly term: number;
  /** A memberId; '' for the best caught-up data member. */
  readonly target: string;
  /** How long commands may be parked. */
  readonly timeoutMs: number;
}

export type HandOverResult =
  | { readonly kind: 'done'; readonly parkedMs: number; readonly leader: string }
  | { readonly kind: 'refused'; readonly reason: 'NotLeader' | 'Stale' | 'NoTarget' | 'Busy' }
  | { readonly kind: 'timeout' };

/** Between two tries of a leader that had better not lead to find another, in milliseconds. */
const UNFIT_PAUSE_MS = 200;
/** The same of one that can serve but not write; and how long it parks commands for that. */
const NO_ROOM_PAUSE_MS = 10_000;
const NO_ROOM_PARKED_MS = 1000;
/** How long it was so before: others, whose disks may fill just now, look at them once a second. */
const NO_ROOM_FOR_MS = 2000;

/** How long to wait, after stepping down, until a successor is known: it may be stopping as well. */
const SUCCESSOR_MS = 1500;

interface Running {
  readonly startedMs: number;
  readonly deadlineMs: number;
  readonly term: number;
  readonly target: string;
  readonly settle: (result: HandOverResult) => void;
  transferring: boolean;
  /** When this member was first seen not to lead any more; 0 before. */
  steppedDownMs: number;
}

export class HandOver {
  readonly #logMembers: ReadonlySet<string>;
  readonly #raft: Raft;
  #running: Running | null = null;
  #lastTryMs = -Infinity;
  /** Since when this member has no room and others have; Infinity when that is not so. */
  #noRoomSinceMs = Infinity;

  /** @param logMembers memberIds that hold no keyspace and so are no target. */
  constructor(raft: Raft, logMembers: ReadonlySet<string>) {
    this.#logMembers = logMembers;
    this.#raft = raft;
  }

  get active(): boolean {
    return this.#running !== null;
  }

  start(request: HandOverRequest, nowMs: number): Promise<HandOverResult> {
    const raft = this.#raft;
    if (raft.role !== 'leader') return refused('NotLeader');
    if (request.term !== raft.term || request.configIndex !== raft.configIndex) {
      return refused('Stale');
    }
    if (this.#running !== null) return refused('Busy');
    const target = request.target === '' ? this.bestTarget(nowMs) : request.target;
    if (target === '' || !raft.membership.voters.includes(target)) return refused('NoTarget');
    return new Promise((settle) => {
      this.#running = {
        startedMs: nowMs,
        deadlineMs: nowMs + request.timeoutMs,
        term: raft.term,
        target,
        settle,
        transferring: false,
        steppedDownMs: 0,
      };
    });
  }

  /** @param drained nothing executed here is uncommitted. */
  tick(nowMs: number, drained: boolean): void {
    const running = this.#running;
    if (running === null) return;
    const raft = this.#raft;
    if (raft.role !== 'leader' || raft.term !== running.term) {
      if (running.steppedDownMs === 0) running.steppedDownMs = nowMs;
      const waitedMs = nowMs - running.steppedDownMs;
      if (raft.leaderId === '' && waitedMs < SUCCESSOR_MS) return;
      this.#running = null;
      const parkedMs = nowMs - running.startedMs;
      running.settle({ kind: 'done', parkedMs, leader: raft.leaderId });
      return;
    }
    if (nowMs >= running.deadlineMs) {
      this.#running = null;
      running.settle({ kind: 'timeout' });
      return;
    }
    if (drained && !running.transferring) {
      running.transferring = raft.transferTo(running.target, nowMs);
    } else if (running.transferring && !raft.transferring) {
      running.transferring = false; // Raft gave up on this try
    }
  }

  /** This leader cannot serve at all: whoever can is told to stand, and clients are left without answers. */
  leave(nowMs: number): void {
    if (nowMs - this.#lastTryMs < UNFIT_PAUSE_MS) return;
    this.#lastTryMs = nowMs;
    const target = this.bestTarget(nowMs);
    if (target !== '') this.#raft.transferTo(target, nowMs);
  }

  /**
   * Rule W7: a primary whose disk has no room for writes hands over to a member that has `neededBytes`.
   *
   * @param noRoom it has none, and a majority has
   */
  leaveForRoom(noRoom: boolean, neededBytes: number, nowMs: number): void {
    this.#noRoomSinceMs = noRoom ? Math.min(this.#noRoomSinceMs, nowMs) : Infinity;
    if (this.active || nowMs - this.#noRoomSinceMs < NO_ROOM_FOR_MS || !noRoom) return;
    if (nowMs - this.#lastTryMs < NO_ROOM_PAUSE_MS) return;
    this.#lastTryMs = nowMs;
    const target = this.bestTarget(nowMs, neededBytes);
    if (target === '') return;
    const { configIndex, term } = this.#raft;
    void this.start({ configIndex, term, target, timeoutMs: NO_ROOM_PARKED_MS }, nowMs);
  }

  /**
   * The live data member with the most of the log, '' when there is none.
   *
   * @param freeBytes that its disk must have at least
   */
  bestTarget(nowMs: number, freeBytes = 0): string {
    let best = '';
    let bestMatch = -1;
    for (const follower of this.#raft.progress()) {
      if (this.#logMembers.has(follower.id)) continue;
      if (!this.#raft.membership.voters.includes(follower.id)) continue;
      if (nowMs - follower.lastContactMs > 1000 || follower.freeBytes < freeBytes) continue;
      if (follower.match > bestMatch) {
        best = follower.id;
        bestMatch = follower.match;
      }
    }
    return best;
  }
}

function refused(reason: 'NotLeader' | 'Stale' | 'NoTarget' | 'Busy'): Promise<HandOverResult> {
  return Promise.resolve({ kind: 'refused', reason });
}
