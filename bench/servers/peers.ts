/** The servers that ours are measured against: redis-server and valkey-server of this machine. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { freePort } from './free-port.ts';
import { request } from './request.ts';
import type { Server, ServerKind } from './server.ts';

export type Program = 'redis-server' | 'valkey-server';

const NAMES: Readonly<Record<Program, string>> = {
  'redis-server': 'Redis',
  'valkey-server': 'Valkey',
};

const MEMORY_ONLY = ['--save', '', '--appendonly', 'no'];
/** As near as a single server comes to our promise: on its own disk before the reply. */
const DURABLE = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];

/** Without snapshots and log. */
export function inMemory(program: Program): ServerKind {
  const title = `${NAMES[program]}, no persistence`;
  return { title, start: (directory) => start(program, title, directory, MEMORY_ONLY) };
}

export function appendAlways(program: Program): ServerKind {
  const title = `${NAMES[program]}, appendfsync always`;
  return { title, start: (directory) => start(program, title, directory, DURABLE) };
}

export interface CertificateFiles {
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
}

/** In memory, with TLS and somebody else's certificate. */
export function withTls(program: Program, files: CertificateFiles): ServerKind {
  const title = `${NAMES[program]}, TLS`;
  const config = [
    ...MEMORY_ONLY,
    '--tls-cert-file',
    files.certificate,
    '--tls-key-file',
    files.key,
    '--tls-ca-cert-file',
    files.ca,
    '--tls-auth-clients',
    'no',
  ];
  return {
    title,
    start: (directory) => start(program, title, directory, config, files.ca),
  };
}

/**
 * The strongest promise that Valkey makes: a primary and a replica that both sync their append-only file;
 * whoever asks by `WAITAOF 1 1 0` waits for both.
 */
export function waitAof(): ServerKind {
  const title = 'Valkey, primary + replica, WAITAOF 1 1';
  return {
    title,
    start: async (directory) => {
      const primary = await start('valkey-server', title, `${directory}/primary`, DURABLE);
      const config = [...DURABLE, '--replicaof', `127.0.0.1 ${primary.port}`];
      const replica = await start('valkey-server', title, `${directory}/replica`, config);
      const deadlineMs = performance.now() + 30_000;
      while (!(await request(replica, ['INFO', 'replication'])).includes('link_status:up')) {
        if (performance.now() > deadlineMs)
          throw new Error('the replica of Valkey does not connect');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return {
        ...primary,
        pids: () => [...primary.pids(), ...replica.pids()],
        stop: async () => {
          await replica.stop();
          await primary.stop();
        },
      };
    },
  };
}

/** `7.0.15`; null when the program is not on this machine. */
export function versionOf(program: Program): string | null {
  try {
    const text = execFileSync(program, ['--version'], { encoding: 'utf8' });
    return /v=(\S+)/.exec(text)?.[1] ?? 'of unknown version';
  } catch {
    return null;
  }
}

async function start(
  program: Program,
  title: string,
  directory: string,
  config: readonly string[],
  caFile: string | null = null,
): Promise<Server> {
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const listen = caFile === null ? ['--port', `${port}`] : ['--port', '0', '--tls-port', `${port}`];
  const args = [...listen, '--bind', '127.0.0.1', '--dir', directory, ...config];
  const child = spawn(program, args, { stdio: 'ignore' });
  // members of ours notice by themselves that we are gone
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  await untilListening(port, child, program);
  return {
    title,
    port,
    caFile,
    pids: () => [child.pid ?? 0],
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve();
        child.once('exit', () => resolve());
        kill();
      }),
  };
}

async function untilListening(port: number, child: ChildProcess, program: string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
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
