/** Opening a log: lock, recovery, a fresh tail segment, and only then a {@link Log} to append to. */
import type { Log } from './log.ts';
import type { LogOptions, RecoveredLog } from './options.ts';

/**
 * Opens (or makes) the log in `options.directory`. Blocks until everything that recovery found is on
 * disk for sure (rule W7).
 * Throws errors with a `code`: LOG_LOCKED, LOG_CORRUPT, LOG_VERSION, or the system's (EIO, ENOSPC…).
 */
export function openLog(options: LogOptions): { log: Log; recovered: RecoveredLog } {
  throw new Error(`not built yet: ${options.directory}`);
}
