/** What people read while a local cluster runs. */
import type { ClusterEvent, LocalCluster } from './cluster.ts';

const MEMBERSHIP = {
  joined: 'joins its shard with an empty disk',
  learns: 'gets the log',
  votes: 'has the log and votes',
  removed: 'has taken the place of its old disk',
  'set-aside': 'was removed from its shard; it sets its log aside and starts anew',
} as const;

/** One line about an event, or null when it is not worth one. */
export function eventLine(event: ClusterEvent): string | null {
  switch (event.type) {
    case 'started':
    case 'waiting':
      return null;
    case 'formed':
      return `shard ${event.shard} is formed`;
    case 'disk-gone':
      return `the data directory of ${event.name} is gone; it starts again with an empty one`;
    case 'membership':
      return `${event.member || event.memberId} ${MEMBERSHIP[event.change]}`;
    case 'exited': {
      if (event.restartInMs === null) return null;
      const how =
        event.signal === null
          ? `ended with exit code ${event.code ?? 'unknown'} (see ${event.logFile})`
          : `was ended by ${event.signal}`;
      return `${event.name} ${how}; starting it again in ${seconds(event.restartInMs)}`;
    }
    default:
      return null;
  }
}

/** Name, role and address of every member, as a table. */
export async function memberLines(cluster: LocalCluster): Promise<string[]> {
  const members = cluster.members();
  const width = Math.max(...members.map(({ name }) => name.length));
  return await Promise.all(
    members.map(async ({ name, kind, ports }) => {
      const status = await cluster.statusOf(name).catch(() => null);
      const role = status?.role ?? 'not answering';
      const address = kind === 'data' ? `127.0.0.1:${ports.client}` : '';
      return `${name.padEnd(width)}  ${role.padEnd(8)}  ${address}`.trimEnd();
    }),
  );
}

/** How to reach the cluster, by shell and by program. */
export function connectHints(cluster: LocalCluster): string[] {
  const [{ port }] = cluster.endpoints;
  const tls = cluster.ca === null ? '' : ` --tls --cacert ${cluster.caFile}`;
  return [`redis-cli -c -p ${port}${tls}`];
}

/** `1.2 s`, `85 ms`. */
export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Resolves at the first SIGINT, SIGTERM or SIGHUP. From the second on they end the process at once. */
export function untilInterrupted(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    let count = 0;
    const onSignal = (): void => {
      count++;
      if (count > 1) process.exit(130);
      resolve('interrupted');
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}
