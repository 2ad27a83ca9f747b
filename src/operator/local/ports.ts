/**
 * Which loopback ports the members of a local cluster listen on. Clients meet consecutive ports from
 * the base port on, one a data member, shard by shard: the first data member of shard 1 has the base
 * port. The ports nobody types (peers, metrics, admin, pulse) lie 1000, 2000, 3000 and 4000 above,
 * where one that is taken is passed over.
 */
import { createServer } from 'node:net';

export interface MemberPorts {
  /** 0 on a log member: it serves no clients. */
  readonly client: number;
  readonly peer: number;
  readonly metrics: number;
  readonly admin: number;
  readonly pulse: number;
}

export const LOOPBACK = '127.0.0.1';
const PEER_OFFSET = 1000;
const METRICS_OFFSET = 2000;
const ADMIN_OFFSET = 3000;
const PULSE_OFFSET = 4000;
/** Below the ephemeral ports of Linux and macOS, so that an outgoing connection takes none of them. */
const ANY_BASE = { from: 10_000, count: 18_000 };

/** A client port is taken by somebody else. */
export class PortTakenError extends Error {
  readonly code = 'PORT_TAKEN';
  readonly port: number;

  constructor(port: number) {
    super(`port ${port} of ${LOOPBACK} is in use; choose others with --base-port`);
    this.port = port;
  }
}

/**
 * Free ports for `kinds`, in that order. `basePort` 0 means any free base, found with `random` (0 to 1).
 * Throws {@link PortTakenError} when one of the wanted client ports is taken.
 */
export async function choosePorts(
  kinds: readonly ('data' | 'log')[],
  basePort: number,
  random: () => number = Math.random,
): Promise<MemberPorts[]> {
  if (basePort !== 0) return await portsFrom(kinds, basePort);
  for (let attempt = 1; ; attempt++) {
    const base = ANY_BASE.from + Math.floor(random() * ANY_BASE.count);
    try {
      return await portsFrom(kinds, base);
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === 100) throw error;
    }
  }
}

/** Throws {@link PortTakenError} for the first client port that is taken. */
export async function assertClientPortsFree(ports: readonly MemberPorts[]): Promise<void> {
  for (const { client } of ports) {
    if (client !== 0 && !(await isFree(client))) throw new PortTakenError(client);
  }
}

async function portsFrom(kinds: readonly ('data' | 'log')[], base: number): Promise<MemberPorts[]> {
  const next = { client: base, peer: base + PEER_OFFSET };
  const cursors = {
    metrics: base + METRICS_OFFSET,
    admin: base + ADMIN_OFFSET,
    pulse: base + PULSE_OFFSET,
  };
  const chosen: MemberPorts[] = [];
  for (const kind of kinds) {
    const client = kind === 'data' ? next.client++ : 0;
    if (client !== 0 && !(await isFree(client))) throw new PortTakenError(client);
    const peer = await firstFree(next.peer);
    const metrics = await firstFree(cursors.metrics);
    const admin = await firstFree(cursors.admin);
    const pulse = await firstFree(cursors.pulse);
    next.peer = peer + 1;
    cursors.metrics = metrics + 1;
    cursors.admin = admin + 1;
    cursors.pulse = pulse + 1;
    chosen.push({ client, peer, metrics, admin, pulse });
  }
  return chosen;
}

async function firstFree(from: number): Promise<number> {
  for (let port = from; port <= 65_535; port++) if (await isFree(port)) return port;
  throw Object.assign(new Error(`no free port of ${LOOPBACK} from ${from} on`), {
    code: 'NO_FREE_PORT',
  });
}

/** Can this port of the loopback interface be listened on now? */
export function isFree(port: number): Promise<boolean> {
  if (port > 65_535) return Promise.resolve(false);
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, LOOPBACK, () => server.close(() => resolve(true)));
  });
}
