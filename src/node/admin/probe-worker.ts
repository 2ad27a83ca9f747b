/**
 * The thread behind the plain port (see `probes.ts`). It knows of the command thread only the counter in
 * shared memory and the answers to its messages.
 *
 * Silence counts only while this thread itself runs: a process that was stopped as a whole (a debugger, a
 * frozen container) is not restarted for it.
 */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '#base/invariant.ts';
import type { ProbeAnswer, ProbeQuestion, ProbeWorkerData } from './probes.ts';

invariant(parentPort !== null, 'probe-worker.ts runs as a thread');
const parent = parentPort;
const { host, port, livenessSilenceMs, answerTimeoutMs, beat } = workerData as ProbeWorkerData;

const TICK_MS = Math.min(500, livenessSilenceMs / 4);
/** Questions under way; more probes than this at one time are turned away. */
const MAX_WAITING = 64;
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';

const counter = new Int32Array(beat);
let lastCount = Atomics.load(counter, 0);
let silentMs = 0;
let lastTickMs = performance.now();
let lastId = 0;
const waiting = new Map<
  number,
  { response: ServerResponse; timer: NodeJS.Timeout; type: string }
>();

setInterval(() => {
  const nowMs = performance.now();
  const passedMs = Math.min(nowMs - lastTickMs, 2 * TICK_MS);
  lastTickMs = nowMs;
  const count = Atomics.load(counter, 0);
  silentMs = count === lastCount ? silentMs + passedMs : 0;
  lastCount = count;
}, TICK_MS);

parent.on('message', (answer: ProbeAnswer) => {
  const asked = waiting.get(answer.id);
  if (asked === undefined) return;
  waiting.delete(answer.id);
  clearTimeout(asked.timer);
  reply(asked.response, answer.status, answer.body, asked.type);
});

const server = createServer(
  { requestTimeout: 10_000, headersTimeout: 10_000 },
  (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      reply(response, 405, 'only GET\n');
      return;
    }
    const path = (request.url ?? '').split('?', 1)[0];
    if (path === '/livez') live(response);
    else if (path === '/readyz') ask(response, 'ready', TEXT_TYPE);
    else if (path === '/metrics') ask(response, 'metrics', METRICS_TYPE);
    else reply(response, 404, 'only /livez, /readyz and /metrics\n');
  },
);
server.maxConnections = 256;
server.once('error', (error: NodeJS.ErrnoException) => {
  tell({ failed: error.message, code: error.code ?? '' });
});
server.listen({ host, port }, () => tell({ listening: (server.address() as AddressInfo).port }));

function live(response: ServerResponse): void {
  if (silentMs < livenessSilenceMs) reply(response, 200, 'ok\n');
  else reply(response, 503, `the command thread has been silent for ${Math.round(silentMs)} ms\n`);
}

function ask(response: ServerResponse, what: 'ready' | 'metrics', type: string): void {
  if (waiting.size >= MAX_WAITING) {
    reply(response, 503, 'too many requests are waiting\n');
    return;
  }
  const id = ++lastId;
  const timer = setTimeout(() => {
    waiting.delete(id);
    reply(response, 503, `the command thread did not answer within ${answerTimeoutMs} ms\n`);
  }, answerTimeoutMs);
  waiting.set(id, { response, timer, type });
  tell({ id, ask: what });
}

function reply(response: ServerResponse, status: number, body: string, type = TEXT_TYPE): void {
  response.writeHead(status, { 'content-type': status === 200 ? type : TEXT_TYPE });
  response.end(body);
}

function tell(question: ProbeQuestion): void {
  parent.postMessage(question);
}
