/**
 * The few things the log does with files, as a port: `nodeFiles` is the real one; tests run the log on
 * a simulated disk that loses what was not synced, fills up and fails on demand.
 */
export interface Files {
  /** Makes the directory and its parents; nothing happens when it exists. */
  makeDirectory(path: string): void;
}
