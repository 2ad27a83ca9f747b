/**
 * Counters of what this member's sessions ran, for INFO's commandstats and errorstats. Indexed by the
 * command's id (see `#node/acl/catalog.ts`), so that counting costs an addition.
 */

/** Redis' limit: more different error codes than this are counted together, against floods by made-up errors. */
const ERROR_CODES_MAX = 128;

export class CommandStatistics {
  readonly calls: Float64Array;
  /** Refused before they ran: arity, rights, routing… */
  readonly rejected: Float64Array;
  /** Ran and answered an error. */
  readonly failed: Float64Array;
  /** Microseconds, estimated from timed samples. */
  readonly microseconds: Float64Array;
  readonly errors = new Map<string, number>();
  /** Commands that ran since the start. */
  processed = 0;
  inputBytes = 0;
  outputBytes = 0;
  /** Error replies since the start. */
  errorReplies = 0;

  /** @param commands number of command ids */
  constructor(commands: number) {
    this.calls = new Float64Array(commands);
    this.rejected = new Float64Array(commands);
    this.failed = new Float64Array(commands);
    this.microseconds = new Float64Array(commands);
  }

  /** Counts an error reply by its code (`WRONGTYPE`, `ERR`…). */
  countError(code: string): void {
    this.errorReplies++;
    const known = this.errors.get(code);
    if (known !== undefined) this.errors.set(code, known + 1);
    else if (this.errors.size < ERROR_CODES_MAX) this.errors.set(code, 1);
  }
}
