/**
 * The operator's process: arguments, logs, metrics and probes on one plain port, and the end: on SIGTERM it
 * drains and gives its Lease up; when leadership is lost it exits non-zero at once, because another leads.
 */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { HoldfastOperator } from '#operator/controllers/operator.ts';
import { errorMessage } from '#operator/kube/errors.ts';
import { Metrics } from '#operator/kube/metrics.ts';
import type { NodeTypes } from '#operator/resources/memory.ts';

/** No answer from the API server for this long, and the process is of no use. */
const SILENT_MS = 600_000;

const { values } = parseArgs({
  options: {
    image: { type: 'string', default: '' },
    'watch-namespaces': { type: 'string', default: '' },
    'leader-election': { type: 'string', default: 'true' },
    'leader-election-namespace': { type: 'string', default: '' },
    'leader-election-name': { type: 'string', default: 'holdfast-operator' },
    'metrics-port': { type: 'string', default: '8080' },
    'cluster-domain': { type: 'string', default: 'cluster.local' },
    'node-types': { type: 'string', default: '{}' },
    'log-level': { type: 'string', default: 'info' },
  },
});

const log = pino({ level: values['log-level'], base: null });
const namespace = process.env['POD_NAMESPACE'] ?? '';
const identity = process.env['POD_NAME'] ?? `${hostname()}-${process.pid}`;
// Kubernetes replaces $(NAME) itself; outside of it the variable may be missing.
const leaseNamespace = values['leader-election-namespace'] || namespace || 'default';
const metrics = new Metrics({ processMetrics: true });

const operator = new HoldfastOperator({
  log,
  metrics,
  instance: identity,
  namespaces: values['watch-namespaces'].split(',').filter((name) => name !== ''),
  operator: {
    image: values.image,
    clusterDomain: values['cluster-domain'],
    namespace,
    nodeTypes: JSON.parse(values['node-types']) as NodeTypes,
  },
  election:
    values['leader-election'] === 'false'
      ? null
      : { namespace: leaseNamespace, name: values['leader-election-name'], identity },
  onLost: (reason) => {
    log.fatal({ reason }, 'leadership lost');
    process.exit(1);
  },
  onLeading: (leading) => metrics.set('is_leader', {}, leading ? 1 : 0),
  onRequest: (method, _path, status) => metrics.requested(method, status),
});

const server = serve(Number(values['metrics-port']));
let ending = false;
process.once('SIGTERM', () => void end('SIGTERM'));
process.once('SIGINT', () => void end('SIGINT'));
process.on('unhandledRejection', (error) => {
  log.fatal({ error: errorMessage(error) }, 'unhandled rejection');
  process.exit(1);
});

log.info({ identity, image: values.image }, 'starting');
await operator.start();

async function end(signal: string): Promise<void> {
  if (ending) return;
  ending = true;
  log.info({ signal }, 'stopping');
  await operator.shutDown();
  server.close();
  process.exit(0);
}

function serve(port: number): Server {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string, type = 'text/plain'): void => {
      response.writeHead(status, { 'content-type': type });
      response.end(text);
    };
    switch (request.url) {
      case '/livez':
        answer(operator.ready && operator.silentMs > SILENT_MS ? 503 : 200, 'ok\n');
        return;
      case '/readyz':
        answer(
          operator.ready && !ending ? 200 : 503,
          operator.ready ? 'ok\n' : 'caches are filling\n',
        );
        return;
      case '/metrics':
        metrics.registry.metrics().then(
          (text) => answer(200, text, metrics.registry.contentType),
          (error: unknown) => answer(500, errorMessage(error)),
        );
        return;
      default:
        answer(404, 'not found\n');
    }
  });
  server.listen(port);
  return server;
}
