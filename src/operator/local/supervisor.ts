/**
 * One member's process, kept running as a kubelet keeps a container: whatever way it ends, it is started
 * again, at once at first and then more and more slowly, until it is stopped here. Its output is
 * appended to a file. At most one process of a member runs at any time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly onEvent?: (event: ProcessEvent) => void;
  /** Wait before the first restart, doubled each time; default 100. */
  readonly firstRestartMs?: number;
  /** Longest wait; default 10000. */
  readonly longestRestartMs?: number;
  /** A process that ran this long was healthy: the next restart is quick again; default 5000. */
  readonly healthyAfterMs?: number;
}

export type ProcessEvent =
  | { readonly type: 'started'; readonly name: string; readonly pid: number }
  | {
      readonly type: 'exited';
      readonly name: string;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      readonly logFile: string;
      /** Null when it is not restarted. */
      readonly restartInMs: number | null;
    };

/** SIGTERM, then this long, then SIGKILL; a pod's grace period. */
export const STOP_GRACE_MS = 30_000;

export class SupervisedProcess {
  readonly name: string;
  readonly #options: ProcessOptions;
  #child: ChildProcess | null = null;
  #startedAtMs = 0;
  #restartMs: number;
  #timer: NodeJS.Timeout | null = null;
  #wanted = false;
  #restarts = 0;

  constructor(options: ProcessOptions) {
    this.name = options.name;
    this.#options = options;
    this.#restartMs = options.firstRestartMs ?? 100;
  }

  /** Null while it does not run. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get restarts(): number {
    return this.#restarts;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#spawn();
  }

  /** Sends a signal to the running process; false when there is none. It is restarted if that ends it. */
  kill(signal: NodeJS.Signals): boolean {
    return this.#child?.kill(signal) ?? false;
  }

  /** SIGTERM, after `graceMs` SIGKILL; resolves when it is gone and stays gone. */
  async stop(graceMs = STOP_GRACE_MS): Promise<void> {
    this.#wanted = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await gone;
    clearTimeout(killer);
  }

  #spawn(): void {
    const { name, command, args, logFile, env = {} } = this.#options;
    mkdirSync(dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'a');
    // its own process group: Ctrl-C in our terminal is ours to pass on
    const child = spawn(command, args, {
      stdio: ['pipe', log, log],
      detached: true,
      env: { ...process.env, ...env },
    });
    closeSync(log);
    this.#child = child;
    this.#startedAtMs = performance.now();
    // 'error' without 'exit' means that it never started; 'exit' tells everything else
    child.on('error', () => {
      if (child.pid === undefined) this.#ended(null, null);
    });
    child.on('exit', (code, signal) => this.#ended(code, signal));
    // writing is never attempted, but the pipe breaks when the child goes
    child.stdin?.on('error', () => {});
    if (child.pid !== undefined) this.#options.onEvent?.({ type: 'started', name, pid: child.pid });
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    const { name, logFile, firstRestartMs = 100, longestRestartMs = 10_000 } = this.#options;
    this.#child = null;
    if (performance.now() - this.#startedAtMs >= (this.#options.healthyAfterMs ?? 5_000)) {
      this.#restartMs = firstRestartMs;
    }
    const restartInMs = this.#wanted ? this.#restartMs : null;
    this.#restartMs = Math.min(this.#restartMs * 2, longestRestartMs);
    if (restartInMs !== null) {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#restarts++;
        this.#spawn();
      }, restartInMs);
    }
    this.#options.onEvent?.({ type: 'exited', name, code, signal, logFile, restartInMs });
  }
}
