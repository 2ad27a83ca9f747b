/** What INFO says of the process around the member. */
import { release, totalmem, type } from 'node:os';
import type { Options } from '#node/config/options.ts';
import type { ProcessFacts } from '#node/shard/options.ts';

export function processFacts(
  runId: string,
  options: Options,
  clients: { readonly accepted: number; readonly rejected: number },
): ProcessFacts {
  const cpu = process.cpuUsage();
  return {
    processId: process.pid,
    runId,
    operatingSystem: `${type()} ${release()} ${process.arch}`,
    clientPort: options.clientPort,
    uptimeSeconds: process.uptime(),
    residentBytes: process.memoryUsage.rss(),
    systemBytes: totalmem(),
    cpuUserSeconds: cpu.user / 1e6,
    cpuSystemSeconds: cpu.system / 1e6,
    maxConnections: options.maxConnections,
    connectionsReceived: clients.accepted,
    connectionsRefused: clients.rejected,
  };
}
