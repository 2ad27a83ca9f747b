import { rmSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { issue, makeCa, writeTls } from '#node/net/testing/certificates.ts';
import type { TestCa, TestLeaf } from '#node/net/testing/certificates.ts';
import { TlsFiles } from '#node/net/tls-files.ts';
import { AdminServer } from './admin.ts';
import type { AdminHandler, Answer, MemberStatus } from './handler.ts';

const CLUSTER = '11111111-2222-3333-4444-555555555555';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const STATUS: MemberStatus = {
  member: 'shop-0001-001',
  memberId: '0123456789abcdef',
  clusterId: CLUSTER,
  shard: '0001',
  kind: 'data',
  version: '0.1.0',
  formed: true,
  disk: { everFormed: true, healthy: true, freeBytes: 1, totalBytes: 2 },
  role: 'primary',
  ready: true,
  term: 4,
  leader: '0123456789abcdef',
  lease: true,
  commitIndex: 10,
  appliedIndex: 10,
  lastIndex: 10,
  configIndex: 1,
  voters: ['0123456789abcdef'],
  learners: [],
  followers: [],
  slots: ['0-16383'],
  settingsRevision: 3,
  quorum: true,
  keys: 0,
  memoryBytes: 0,
  maxmemoryBytes: 0,
  certificates: { clientNotAfter: '', peerNotAfter: '' },
};

/** Keeps what it was asked, and answers what the test says. */
class Recorder implements AdminHandler {
  readonly calls: [string, unknown][] = [];
  answer: Answer<never> | null = null;
  fail: Error | null = null;

  status(): MemberStatus {
    return STATUS;
  }
  bootstrap = (record: unknown) => this.#call('bootstrap', record, {});
  join = (record: unknown) => this.#call('join', record, {});
  changeMembership = (request: unknown) => this.#call('changeMembership', request, { index: 12 });
  setAside = (request: unknown) => this.#call('setAside', request, {});
  putPeers = (peers: unknown) => this.#call('putPeers', peers, {});
  putSettings = (settings: unknown) =>
    this.#call('putSettings', settings, { revision: 3, index: 17 });
  handOver = (request: unknown) => this.#call('handOver', request, { refusedWriteMs: 61 });
  digest = () => this.#call('digest', null, { index: 9, digest: 'ab' });

  #call<T>(name: string, value: unknown, ok: T): Promise<Answer<T>> {
    this.calls.push([name, value]);
    if (this.fail !== null) return Promise.reject(this.fail);
    return Promise.resolve(this.answer ?? { ok });
  }
}

async function start(handler: AdminHandler, maxBodyBytes = 10_000) {
  const server = new AdminServer(
    { host: '127.0.0.1', port: 0, clusterId: CLUSTER, tls: null, maxBodyBytes },
    handler,
  );
  const port = await server.listen();
  cleanups.push(() => server.close());
  return async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };
}

const RECORD = {
  clusterId: CLUSTER,
  shard: '0001',
  createdAt: '2026-01-02T03:04:05.678Z',
  voters: [
    { name: 'shop-0001-001', memberId: '00000000000000a1', kind: 'data', host: 'a', peerPort: 1 },
    {
      name: 'shop-0001-l01',
      memberId: '00000000000000a2',
      kind: 'log',
      host: '10.0.0.1',
      peerPort: 2,
    },
    { name: 'shop-0001-l02', memberId: '00000000000000a3', kind: 'log', host: '::1', peerPort: 3 },
  ],
  slots: [
    [0, 5460],
    [6000, 16383],
  ],
};
const PEER = {
  name: 'shop-0001-001',
  shard: '0001',
  kind: 'data',
  host: 'a.b.svc',
  peerPort: 16379,
  clientPort: 6379,
};
const SETTINGS = {
  revision: 3,
  users: [
    {
      name: 'app',
      on: true,
      passwordSha256: ['a'.repeat(64)],
      noPassword: false,
      accessString: 'on ~* +@all',
    },
  ],
  parameters: { timeout: '300' },
};

test('every call reaches the handler with its body, and its answer comes back', async () => {
  const handler = new Recorder();
  const ask = await start(handler);
  expect(await ask('GET', '/v1/status')).toEqual({ status: 200, json: STATUS });
  expect(await ask('POST', '/v1/bootstrap', RECORD)).toEqual({ status: 200, json: {} });
  expect(await ask('PUT', '/v1/peers', { members: [PEER] })).toMatchObject({ status: 200 });
  expect(await ask('PUT', '/v1/settings', SETTINGS)).toEqual({
    status: 200,
    json: { revision: 3, index: 17 },
  });
  const handOver = { configIndex: 7, term: 4, target: '00000000000000a2' };
  expect((await ask('POST', '/v1/hand-over', handOver)).json).toEqual({ refusedWriteMs: 61 });
  expect((await ask('POST', '/v1/hand-over', { configIndex: 7, term: 4 })).status).toBe(200);
  expect((await ask('POST', '/v1/join', RECORD)).json).toEqual({});
  const change = {
    change: 'add-learner',
    memberId: '00000000000000a4',
    configIndex: 0,
    term: 4,
  };
  expect((await ask('POST', '/v1/membership', change)).json).toEqual({ index: 12 });
  const aside = { memberId: '00000000000000a4', reason: 'removed', configIndex: 12, term: 4 };
  expect((await ask('POST', '/v1/set-aside', aside)).json).toEqual({});
  expect((await ask('GET', '/v1/digest')).json).toEqual({ index: 9, digest: 'ab' });
  expect(handler.calls).toEqual([
    ['bootstrap', RECORD],
    ['putPeers', [PEER]],
    ['putSettings', SETTINGS],
    ['handOver', handOver],
    ['handOver', { configIndex: 7, term: 4 }],
    ['join', RECORD],
    ['changeMembership', change],
    ['setAside', aside],
    ['digest', null],
  ]);
});

test('fields that this version does not know are ignored', async () => {
  const handler = new Recorder();
  const ask = await start(handler);
  await ask('POST', '/v1/hand-over', { configIndex: 1, term: 1, target: null, later: true });
  expect(handler.calls).toEqual([['handOver', { configIndex: 1, term: 1 }]]);
});

test('a body in the wrong form is refused with the field and the rule, and does not reach the handler', async () => {
  const handler = new Recorder();
  const ask = await start(handler);
  const [voter] = RECORD.voters;
  const wrong: [string, string, unknown, string][] = [
    ['POST', '/v1/bootstrap', 'no json', 'the body is not JSON'],
    ['POST', '/v1/bootstrap', [], 'the body must be an object'],
    ['POST', '/v1/bootstrap', { ...RECORD, shard: '' }, 'shard must be 1 to 16'],
    [
      'POST',
      '/v1/bootstrap',
      { ...RECORD, voters: [voter, voter] },
      'voters must be an odd number',
    ],
    ['POST', '/v1/bootstrap', { ...RECORD, voters: [voter, voter, voter] }, 'different memberIds'],
    ['POST', '/v1/bootstrap', { ...RECORD, voters: RECORD.voters.slice(1, 2) }, 'a data member'],
    [
      'POST',
      '/v1/bootstrap',
      { ...RECORD, voters: [{ ...voter, memberId: 'A1' }] },
      'voters[0].memberId must be 16',
    ],
    [
      'POST',
      '/v1/bootstrap',
      {
        ...RECORD,
        slots: [
          [5, 9],
          [9, 10],
        ],
      },
      'slots must be ascending',
    ],
    ['POST', '/v1/bootstrap', { ...RECORD, slots: [[0, 16384]] }, 'slots must be ascending'],
    [
      'PUT',
      '/v1/peers',
      { members: [{ ...PEER, peerPort: 0 }] },
      'members[0].peerPort must be a whole number from 1',
    ],
    ['PUT', '/v1/peers', { members: 'x' }, 'members must be a list'],
    ['PUT', '/v1/settings', { ...SETTINGS, revision: 1.5 }, 'revision must be a whole number'],
    [
      'PUT',
      '/v1/settings',
      { ...SETTINGS, users: [...SETTINGS.users, ...SETTINGS.users] },
      'different names',
    ],
    [
      'PUT',
      '/v1/settings',
      { ...SETTINGS, users: [{ ...SETTINGS.users[0], passwordSha256: ['secret'] }] },
      '64 hexadecimal',
    ],
    [
      'PUT',
      '/v1/settings',
      { ...SETTINGS, parameters: { timeout: 5 } },
      'parameters must be an object',
    ],
    ['POST', '/v1/hand-over', { configIndex: 1, term: -1 }, 'term must be a whole number'],
    ['POST', '/v1/join', { ...RECORD, shard: '' }, 'shard must be 1 to 16'],
    ['POST', '/v1/membership', { change: 'swap' }, 'change must be add-learner or promote'],
    ['POST', '/v1/set-aside', { reason: 'removed', memberId: '1' }, 'memberId must be 16'],
  ];
  for (const [method, path, body, message] of wrong) {
    const { status, json } = await ask(method, path, body);
    expect([message, status, json.error]).toEqual([message, 400, 'BadRequest']);
    expect(json.message).toContain(message);
  }
  expect(handler.calls).toEqual([]);
});

test('refusals travel with their status, error and details', async () => {
  const handler = new Recorder();
  const ask = await start(handler);
  handler.answer = {
    refusal: {
      status: 409,
      error: 'NotPrimary',
      message: 'ask another',
      details: { primary: 'a1' },
    },
  };
  expect(await ask('PUT', '/v1/settings', SETTINGS)).toEqual({
    status: 409,
    json: { error: 'NotPrimary', message: 'ask another', primary: 'a1' },
  });
});

test('a failure of the handler is 500 with its message, and the server goes on', async () => {
  const handler = new Recorder();
  const ask = await start(handler);
  handler.fail = new Error('disk on fire');
  expect(await ask('GET', '/v1/digest')).toEqual({
    status: 500,
    json: { error: 'Internal', message: 'disk on fire' },
  });
  expect((await ask('GET', '/v1/status')).status).toBe(200);
});

test('unknown paths, wrong methods and bodies that are too large are refused', async () => {
  const ask = await start(new Recorder(), 1000);
  expect(await ask('GET', '/v1/nothing')).toMatchObject({
    status: 404,
    json: { error: 'NotFound' },
  });
  expect(await ask('GET', '/toString')).toMatchObject({ status: 404 });
  expect(await ask('POST', '/v1/status', {})).toMatchObject({
    status: 405,
    json: { error: 'MethodNotAllowed', message: '/v1/status takes GET, not POST' },
  });
  const large = JSON.stringify({ members: [], pad: 'x'.repeat(2000) });
  expect(await ask('PUT', '/v1/peers', large)).toMatchObject({
    status: 413,
    json: { error: 'TooLarge' },
  });
  expect((await ask('GET', '/v1/status')).status).toBe(200);
});

let ca: TestCa;
beforeAll(async () => {
  ca = await makeCa();
});

interface Client {
  readonly leaf?: TestLeaf;
}

function askTls(port: number, { leaf }: Client): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const credentials = leaf === undefined ? {} : { cert: leaf.cert, key: leaf.key };
    const request = httpsRequest(
      { host: '127.0.0.1', port, path: '/v1/status', agent, ca: ca.pem, ...credentials },
      (response) => {
        let body = '';
        response.on('data', (chunk) => (body += String(chunk)));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    request.on('error', reject);
    request.end();
  });
}

test("only this cluster's operator is answered; certificates reload without a restart", async () => {
  const member = `holdfast://${CLUSTER}/member`;
  const directory = writeTls(await issue(ca, [member]));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  const tls = new TlsFiles({ directory, reloadMs: 1000, onError: () => undefined });
  const server = new AdminServer(
    { host: '127.0.0.1', port: 0, clusterId: CLUSTER, tls },
    new Recorder(),
  );
  const port = await server.listen();
  cleanups.push(() => server.close());

  const operator = await issue(ca, [`holdfast://${CLUSTER}/operator`]);
  expect((await askTls(port, { leaf: operator })).status).toBe(200);
  const refused = await askTls(port, { leaf: await issue(ca, [member]) });
  expect(refused.status).toBe(403);
  expect(JSON.parse(refused.body)).toMatchObject({ error: 'WrongIdentity' });
  const other = await issue(ca, ['holdfast://another/operator']);
  expect((await askTls(port, { leaf: other })).status).toBe(403);
  await expect(askTls(port, {})).rejects.toThrow(/certificate required|ECONNRESET|hang up/);
  const forged = await issue(await makeCa('forger'), [`holdfast://${CLUSTER}/operator`]);
  await expect(askTls(port, { leaf: forged })).rejects.toThrow(/unknown ca|ECONNRESET|hang up/);

  // the CA is rotated: the old one's operator is no longer trusted, the new one's is
  const rotated = await makeCa('rotated');
  writeTls(await issue(rotated, [member]), directory);
  expect(tls.poll()).toBe(true);
  const before = ca;
  ca = rotated;
  expect(
    (await askTls(port, { leaf: await issue(rotated, [`holdfast://${CLUSTER}/operator`]) })).status,
  ).toBe(200);
  await expect(askTls(port, { leaf: operator })).rejects.toThrow(/alert|ECONNRESET|hang up/);
  ca = before;
});
