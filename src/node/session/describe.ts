/** One line of CLIENT LIST (Redis 7.2: catClientInfoString). */
import type { Session } from './session.ts';

/** What is not kept here is 0; buffers are what this connection really holds. */
export function describeSession(session: Session, nowMs: number): string {
  const { transaction, connection } = session;
  let flags = '';
  if (session.blocked) flags += 'b';
  if (transaction.open) flags += 'x';
  if (session.closing) flags += 'c';
  if (session.readOnly) flags += 'r';
  if (session.noEvict) flags += 'e';
  if (session.noTouch) flags += 'T';
  if (flags === '') flags = 'N';
  const seconds = (sinceMs: number): number => Math.max(0, Math.floor((nowMs - sinceMs) / 1000));
  const held = session.heldInputBytes;
  const unsent = session.withheldBytes;
  return [
    `id=${session.id}`,
    `addr=${session.remoteAddress}`,
    `laddr=${session.localAddress}`,
    'fd=-1',
    `name=${session.clientName}`,
    `age=${seconds(session.createdMs)}`,
    `idle=${seconds(session.lastInputMs)}`,
    `flags=${flags}`,
    'db=0',
    'sub=0',
    'psub=0',
    'ssub=0',
    `multi=${transaction.open ? transaction.entries.length : -1}`,
    `qbuf=${held}`,
    'qbuf-free=0',
    'argv-mem=0',
    `multi-mem=${transaction.bytes}`,
    `rbs=${unsent}`,
    `rbp=${unsent}`,
    `obl=${unsent}`,
    'oll=0',
    `omem=${connection.bufferedBytes}`,
    `tot-mem=${held + unsent + transaction.bytes + connection.bufferedBytes}`,
    'events=r',
    `cmd=${session.lastCommand}`,
    `user=${session.user.name}`,
    'redir=-1',
    `resp=${session.protocol}`,
    `lib-name=${session.libraryName}`,
    `lib-ver=${session.libraryVersion}`,
  ].join(' ');
}
