/**
 * Looks into a running node process: SIGUSR1 opens V8's inspector (the process must have been started with
 * `--inspect-port=0`), whose address the process writes to its log. So only the time of the load is
 * measured, and only by the process that it is about.
 */
import { readFileSync } from 'node:fs';

const LONGEST_MS = 10_000;

export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #next = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, result, error } = JSON.parse(String(data)) as {
        id?: number;
        result?: unknown;
        error?: { message: string };
      };
      if (id === undefined) return;
      if (error === undefined) this.#waiting.get(id)?.resolve(result);
      else this.#waiting.get(id)?.reject(new Error(error.message));
      this.#waiting.delete(id);
    });
    socket.addEventListener('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the inspector went away'));
    });
  }

  /** @param logFile where the process writes its standard error */
  static async open(pid: number, logFile: string): Promise<Inspector> {
    process.kill(pid, 'SIGUSR1');
    const deadlineMs = performance.now() + LONGEST_MS;
    for (;;) {
      const url = inspectorUrl(readFileSync(logFile, 'utf8'));
      if (url !== null) return new Inspector(await connected(url));
      if (performance.now() > deadlineMs) throw new Error(`process ${pid} opens no inspector`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** A command of the DevTools protocol. */
  async call(method: string, params: object = {}): Promise<unknown> {
    const id = this.#next++;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return await waiting.promise;
  }

  /** The value of an expression in that process; it must be plain data. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = (await this.call('Runtime.evaluate', {
      expression,
      returnByValue: true,
    })) as { result: { value?: unknown }; exceptionDetails?: { text: string } };
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
    return result.value;
  }

  close(): void {
    this.#socket.close();
  }
}

/** The newest address in the log. */
export function inspectorUrl(log: string): string | null {
  return [...log.matchAll(/Debugger listening on (ws:\/\/\S+)/g)].at(-1)?.[1] ?? null;
}

function connected(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.addEventListener('open', () => resolve(socket));
    socket.addEventListener('error', () => reject(new Error(`cannot connect to ${url}`)));
  });
}
