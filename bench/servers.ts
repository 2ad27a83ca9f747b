/** What is measured against what: a durable cluster of ours and two Redis servers on the same disk. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { LocalCluster } from '#operator/local/cluster.ts';
import { defineClusters } from '#operator/local/definition.ts';
import { parseManifests } from '#operator/local/manifest.ts';

export interface Server {
  /** The heading of its column. */
  readonly title: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** One shard with a primary, a replica and a log member; plaintext; a reply means: on two of three disks. */
export async function startHoldfast(directory: string): Promise<Server> {
  const manifest = {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'MemoryCluster',
    metadata: { name: 'bench' },
    spec: { tlsEnabled: false },
  };
  const [definition] = defineClusters(parseManifests('bench', JSON.stringify(manifest)));
  const cluster = new LocalCluster({ definition, directory, basePort: 0 });
  try {
    await cluster.start();
    const primary = await cluster.primaryOf('0001');
    const member = cluster.members().find(({ name }) => name === primary);
    if (member === undefined) throw new Error('the shard has no primary');
    return {
      title: 'Holdfast, 3 voters',
      port: member.ports.client,
      stop: () => cluster.stop(),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** A `redis-server` of this machine without snapshots, with `config`. */
export async function startRedis(
  title: string,
  directory: string,
  config: readonly string[],
): Promise<Server> {
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const listen = ['--port', String(port), '--bind', '127.0.0.1'];
  const args = [...listen, '--dir', directory, '--save', '', ...config];
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  await untilListening(port, child);
  return {
    title,
    port,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

/** As near as a single Redis comes to our promise: on its own disk before the reply. */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];

export async function startAll(directory: string): Promise<Server[]> {
  const servers: Server[] = [];
  try {
    servers.push(await startHoldfast(join(directory, 'holdfast')));
    servers.push(
      await startRedis('Redis, no persistence', join(directory, 'memory'), ['--appendonly', 'no']),
    );
    servers.push(await startRedis('Redis, appendfsync always', join(directory, 'always'), DURABLE));
    return servers;
  } catch (error) {
    for (const server of servers) await server.stop();
    throw error;
  }
}

/** `7.0.15`. */
export function redisVersion(): string {
  const text = execFileSync('redis-server', ['--version']).toString();
  return /v=(\S+)/.exec(text)?.[1] ?? 'unknown';
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    const listening = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (listening) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
