/** The answers of commands that blocked (`#node/commands/blocked-command.ts`). */
import type { ClientState } from './client-state.ts';
import type { SessionHost } from './host.ts';
import type { Session } from './session.ts';
import { LEAVES_AT_ONCE, WAITS_FOR_LEASE } from './withheld.ts';

/** Asks the blocked command, at its deadline for the last time; true when it has answered. */
export function wake(session: Session, host: SessionHost, nowMs: number): boolean {
  const command = session.blockedCommand;
  if (command === null) return true;
  session.output.begin();
  const from = session.reply.length;
  if (!command.tryAnswer(session)) {
    if (nowMs < session.blockedUntilMs) return false;
    command.giveUp(session);
  }
  answered(session, host, from, ownWrites(session, host));
  return true;
}

/** Ends the blocked command with an error. */
export function unblock(session: Session, host: SessionHost, error: string): void {
  session.output.begin();
  const from = session.reply.length;
  session.reply.error(error);
  answered(session, host, from, LEAVES_AT_ONCE);
}

/** What a reply waits for that is about the connection's writes. */
export function ownWrites({ lastWrite }: ClientState, { waitsForCommit }: SessionHost): number {
  return waitsForCommit ? lastWrite : WAITS_FOR_LEASE;
}

/** The reply was written from `from` on; it waits for `index`. The connection goes on. */
function answered(session: Session, host: SessionHost, from: number, index: number): void {
  session.blockedCommand = null;
  session.output.finish(from, index);
  host.awaitTurn(session);
  host.resumeLater(session);
}
