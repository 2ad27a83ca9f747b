/** The disk does not give back what was written; the member must stop. */
export class SimDiskError extends Error {
  readonly code: 'LOG_CORRUPT' | 'SNAPSHOT_DAMAGED';

  constructor(code: 'LOG_CORRUPT' | 'SNAPSHOT_DAMAGED', what: string) {
    super(`${code}: ${what}`);
    this.code = code;
  }
}
