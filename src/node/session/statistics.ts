/**
 * Counters of what this member's sessions ran, for INFO's commandstats and errorstats. Indexed by the
 * command's id (see `#node/acl/catalog.ts`), so that counting costs an addition.
 */

/** Redis' limit: more different error codes than this are counted together, against floods by made-up errors. */
const ERROR_CODES_MAX = 128;

/** Upper bounds of the duration buckets, in seconds; one more bucket holds what is above them. */
export const COMMAND_DURATION_BOUNDS_SECONDS: readonly number[] = [
  0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.1, 1,
];
const BUCKETS = COMMAND_DURATION_BOUNDS_SECONDS.length + 1;

export class CommandStatistics {
  readonly calls: Float64Array;
  /** Refused before they ran: arity, rights, routing… */
  readonly rejected: Float64Array;
  /** Ran and answered an error. */
  readonly failed: Float64Array;
  /** Microseconds, estimated from timed samples. */
  readonly microseconds: Float64Array;
  readonly errors = new Map<string, number>();
  /** Commands by duration, estimated as `microseconds` is: a row of buckets for each command. */
  readonly #durations: Float64Array;
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
    this.#durations = new Float64Array(commands * BUCKETS);
  }

  /** One run of command `id` took `durationMs` and stands for `weight` runs. */
  observe(id: number, durationMs: number, weight: number): void {
    this.microseconds[id] += durationMs * 1000 * weight;
    const seconds = durationMs / 1000;
    let bucket = 0;
    while (bucket < BUCKETS - 1 && seconds > COMMAND_DURATION_BOUNDS_SECONDS[bucket]) bucket++;
    this.#durations[id * BUCKETS + bucket] += weight;
  }

  /** Everything goes back to 0 (CONFIG RESETSTAT). */
  reset(): void {
    this.calls.fill(0);
    this.rejected.fill(0);
    this.failed.fill(0);
    this.microseconds.fill(0);
    this.#durations.fill(0);
    this.errors.clear();
    this.processed = 0;
    this.inputBytes = 0;
    this.outputBytes = 0;
    this.errorReplies = 0;
  }

  /** Estimated runs of command `id` in each duration bucket alone. */
  durationCounts(id: number): Float64Array {
    return this.#durations.subarray(id * BUCKETS, (id + 1) * BUCKETS);
  }

  /** Counts an error reply by its code (`WRONGTYPE`, `ERR`…). */
  countError(code: string): void {
    this.errorReplies++;
    const known = this.errors.get(code);
    if (known !== undefined) this.errors.set(code, known + 1);
    else if (this.errors.size < ERROR_CODES_MAX) this.errors.set(code, 1);
  }
}
