/** A server that is measured, whatever it is. */
import type { Endpoint } from './dial.ts';

export interface Server extends Endpoint {
  /** The heading of its column. */
  readonly title: string;
  /** Its processes, the one that serves first. */
  pids(): readonly number[];
  stop(): Promise<void>;
}

/** How a server is started. */
export interface ServerKind<S extends Server = Server> {
  readonly title: string;
  start(directory: string): Promise<S>;
}

/** Starts one after another; when one fails, those before it are stopped. */
export async function startAll(kinds: readonly ServerKind[], directory: string): Promise<Server[]> {
  const servers: Server[] = [];
  try {
    for (const [at, kind] of kinds.entries()) {
      process.stderr.write(`starting ${kind.title}\n`);
      servers.push(await kind.start(`${directory}/${at}`));
    }
    return servers;
  } catch (error) {
    await stopAll(servers);
    throw error;
  }
}

export async function stopAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}
