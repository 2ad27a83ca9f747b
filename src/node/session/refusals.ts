/**
 * The answers to commands that do not run: what they say, what they do to an open transaction, and how they are
 * counted. Such an answer was found before the keyspace was read, so it leaves at once (rule W1).
 */
import type { CommandEntry } from '#node/commands/command-index.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { errorCode } from './checks.ts';
import type { ClientState } from './client-state.ts';
import type { SessionHost } from './host.ts';
import { LEAVES_AT_ONCE } from './withheld.ts';

/**
 * Refuses a command (null: one that is in no table) before it ran. Breaks an open transaction; a refused EXEC ends
 * it.
 */
export function refuse(
  session: ClientState,
  host: SessionHost,
  entry: CommandEntry | null,
  error: string,
): void {
  if (entry !== null && entry.isExec) {
    session.discardTransaction();
    answer(session, host, entry, ERRORS.execAbortedBecause(error));
  } else {
    if (session.transaction.open) session.transaction.broken = true;
    answer(session, host, entry, error);
  }
}

/** Refuses a command that belongs elsewhere: as {@link refuse}, but EXEC gets the error as it is. */
export function redirect(
  session: ClientState,
  host: SessionHost,
  entry: CommandEntry,
  error: string,
): void {
  if (entry.isExec) session.discardTransaction();
  else if (session.transaction.open) session.transaction.broken = true;
  answer(session, host, entry, error);
}

function answer(
  session: ClientState,
  { statistics }: SessionHost,
  entry: CommandEntry | null,
  error: string,
): void {
  const { output } = session;
  const reply = output.writer;
  const from = reply.length;
  if (entry !== null) statistics.rejected[entry.id]++;
  reply.error(error);
  statistics.countError(errorCode(reply.bytes, from));
  output.finish(from, LEAVES_AT_ONCE);
}
