/** A real redis-server as oracle: cluster mode, all slots, a temporary directory, free loopback ports. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { ReplyParser } from './reply-parser.ts';

/** Debian's redis-server is 7.0; valkey-server, where it is installed, 8.0: what both do 7.2 does, too. */
export type OracleName = 'redis-server' | 'valkey-server';

/** The oracles that are installed. */
export const ORACLES = (['redis-server', 'valkey-server'] as const).filter(
  (name) => name === 'redis-server' || spawnSync(name, ['--version']).status === 0,
);

export interface RedisServer {
  readonly port: number;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts a server and waits until it serves all slots. Throws when it does not within 30 s. */
export async function startRedis(name: OracleName = 'redis-server'): Promise<RedisServer> {
  const busPort = await freePort();
  const cluster = { 'cluster-port': busPort, 'cluster-enabled': 'yes', appendonly: 'no' };
  return await startServer(name, cluster, async (connection) => {
    await connection.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    return async () => (await connection.call('CLUSTER', 'INFO')).includes('cluster_state:ok');
  });
}

/** Starts a replica of a server that is no cluster, with an append-only file, or such a server itself. */
export async function startReplicated(
  name: OracleName,
  primary: RedisServer | null,
): Promise<RedisServer> {
  const replicaOf = primary === null ? {} : { replicaof: `127.0.0.1 ${primary.port}` };
  const options = { appendonly: 'yes', 'repl-diskless-sync-delay': 0, ...replicaOf };
  return await startServer(name, options, async (connection) => async () => {
    const role = await connection.call('ROLE');
    return primary === null ? role.includes('master') : role.includes('connected\r\n');
  });
}

/** @param prepare does what the server needs first and returns how to ask whether it is ready */
async function startServer(
  name: OracleName,
  extra: Readonly<Record<string, string | number>>,
  prepare: (connection: RedisConnection) => Promise<() => Promise<boolean>>,
): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-redis-'));
  const port = await freePort();
  const options = { port, bind: '127.0.0.1', dir: directory, save: '', ...extra };
  const list = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]);
  const child = spawn(name, list, {
    stdio: 'ignore',
    // SORT ALPHA compares by the locale
    env: { ...process.env, LC_ALL: 'C' },
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const connection = await RedisConnection.open(port);
    const isReady = await prepare(connection);
    const deadline = performance.now() + 30_000;
    while (!(await isReady())) {
      if (performance.now() > deadline) throw new Error(`${name} is not ready`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    connection.close();
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

/** One connection; replies come back as their bytes, one a character. */
export class RedisConnection {
  readonly #socket: Socket;
  readonly #parser = new ReplyParser();
  #waiting: { resolve: (reply: string) => void; reject: (error: Error) => void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: unknown) => {
      this.#parser.feed(String(text));
      for (let reply = this.#parser.next(); reply !== null; reply = this.#parser.next()) {
        this.#waiting.shift()?.resolve(reply);
      }
    });
    socket.on('close', () => {
      for (const { reject } of this.#waiting) reject(new Error('connection closed'));
      this.#waiting = [];
    });
  }

  /** Connects, trying for 30 s: the server may still be starting. */
  static async open(port: number): Promise<RedisConnection> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const socket = connect(port, '127.0.0.1');
      try {
        await once(socket, 'connect');
        socket.on('error', () => {});
        return new RedisConnection(socket);
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** Sends one command of words with one byte a character. */
  call(...words: string[]): Promise<string> {
    return this.#send(request(words));
  }

  /** Sends all commands at once. */
  pipeline(commands: readonly (readonly string[])[]): Promise<string[]> {
    const replies = commands.map(
      () =>
        new Promise<string>((resolve, reject) => {
          this.#waiting.push({ resolve, reject });
        }),
    );
    this.#socket.write(commands.map(request).join(''), 'latin1');
    return Promise.all(replies);
  }

  /** Sends `bytes`, one a character, as they are; waits for one reply. */
  raw(bytes: string): Promise<string> {
    return this.#send(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(bytes, 'latin1');
    });
  }
}

/** `words` as a RESP request, one byte a character. */
export function request(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}
