/** What happens to a member, as log lines: an event and its fields, never user data. */
import type { Logger } from 'pino';
import type { MemberEvents } from '#node/shard/events.ts';

export function logMemberEvents(log: Logger): MemberEvents {
  return {
    leaderChanged: (term, leaderId, role) => log.info({ term, leaderId, role }, 'leader changed'),
    stateChanged: (state, term) => log.info({ state, term }, 'state changed'),
    keyspaceRebuilding: (commitIndex) => log.warn({ commitIndex }, 'rebuilding the keyspace'),
    clockJumped: (byMs) => log.warn({ byMs }, 'clock jumped; lease dropped'),
    settingsApplied: (revision) => log.info({ revision }, 'settings applied'),
    snapshotStarted: (index) => log.info({ index }, 'snapshot started'),
    snapshotPublished: (index, sizeBytes, tookMs) =>
      log.info({ index, sizeBytes, tookMs: Math.round(tookMs) }, 'snapshot published'),
    snapshotDiscarded: (index, reason) => log.warn({ index, reason }, 'snapshot discarded'),
    snapshotDiffers: (index) => log.error({ index }, 'this keyspace differs from the primary’s'),
    snapshotInstalled: (index) => log.info({ index }, 'snapshot installed'),
    userRefused: (message) => log.error({ reason: message }, 'user left out'),
  };
}
