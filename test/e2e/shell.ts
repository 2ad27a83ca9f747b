/** Runs programs to their end. Nothing goes through a shell, so nothing needs quoting. */
import { execFile } from 'node:child_process';

export interface RunOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** What the program printed; rejects with all of its output when it fails. */
export function run(
  program: string,
  words: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...words],
      {
        maxBuffer: 256 << 20,
        timeout: options.timeoutMs ?? 300_000,
        env: { ...process.env, ...options.environment },
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else
          reject(
            new Error(`${program} ${words.join(' ')}: ${error.message}\n${stdout}\n${stderr}`),
          );
      },
    );
    if (options.input !== undefined) child.stdin?.end(options.input);
  });
}

/** kubectl, on the cluster that KUBECONFIG names. */
export function kubectl(words: readonly string[], options: RunOptions = {}): Promise<string> {
  return run('kubectl', words, options);
}

/** Resolves after `ms`: for tests that watch time pass, never to wait for luck. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Asks again and again until `attempt` neither throws nor gives undefined; the last reason on time-out. */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  attempt: () => Promise<T | undefined>,
  everyMs = 500,
): Promise<T> {
  const startedMs = performance.now();
  let why: unknown = 'not yet';
  for (;;) {
    try {
      const found = await attempt();
      if (found !== undefined) return found;
    } catch (error) {
      why = error;
    }
    if (performance.now() - startedMs > timeoutMs) {
      const reason = why instanceof Error ? why.message : String(why);
      throw new Error(`${what}: not within ${timeoutMs} ms: ${reason}`);
    }
    await sleep(everyMs);
  }
}
