/** The rows of {@link OPTIONS} that bound what a member uses. */
import { bytesOption, numberOption, type OptionRow } from './option.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Nothing grows without bound (rule W9). */
export const LIMITS = {
  maxConnections: numberOption({
    unit: 'count',
    default: 10_000,
    min: 1,
    max: 65_000,
    why: 'Client connections at one time; one more is told so and closed.',
  }),
  maxBatchBytes: limit(4 * MIB, 4 * KIB, 64 * MIB, 'Effects in one log entry.'),
  maxAppendBytes: limit(MIB, 4 * KIB, 64 * MIB, 'Entries in one append message to a member.'),
  maxInFlightBytes: limit(
    64 * MIB,
    64 * KIB,
    4 * GIB,
    'Entries that are sent or being synced and not yet committed; beyond it clients are no longer read.',
  ),
  maxWithheldReplyBytes: limit(
    64 * MIB,
    64 * KIB,
    4 * GIB,
    'Replies that wait for their entry to be committed; beyond it clients are no longer read.',
  ),
  maxLogCacheBytes: limit(
    64 * MIB,
    64 * KIB,
    4 * GIB,
    'Log entries kept in memory for members that lag; older ones are read from disk.',
  ),
  maxUnsentReplyBytes: limit(
    4 * MIB,
    // sockets tell when they have run empty only if they held as much as Node's high-water mark
    64 * KIB,
    GIB,
    'Replies that one client has not taken; beyond it that client is no longer read.',
  ),
  peerMaxFrameBytes: limit(
    96 * MIB,
    64 * KIB,
    GIB,
    'Largest message between members; above maxBatchBytes and maxAppendBytes.',
  ),
  peerMaxQueuedBytes: limit(
    128 * MIB,
    64 * KIB,
    4 * GIB,
    'Messages queued for one member; more are dropped and counted.',
  ),
  segmentBytes: limit(64 * MIB, 64 * KIB, GIB, 'Size of one file of the transaction log.'),
  snapshotLogBytes: limit(
    64 * MIB,
    64 * KIB,
    64 * GIB,
    'Log after which the next snapshot is made, if snapshotLogPercent is not more. The log that two snapshots make needless is dropped.',
  ),
  snapshotLogPercent: numberOption({
    unit: 'percent',
    default: 50,
    min: 0,
    max: 1000,
    why: 'Log after which the next snapshot is made, as a percentage of the memory that keys and values take.',
  }),
  diskReserveBytes: limit(
    64 * MIB,
    MIB,
    1024 * GIB,
    'Free bytes at which writes are refused and reads go on; the reserve is for snapshots and deletes.',
  ),
} as const;

function limit(bytes: number, min: number, max: number, why: string): OptionRow<number> {
  return bytesOption({ default: bytes, min, max, why });
}
