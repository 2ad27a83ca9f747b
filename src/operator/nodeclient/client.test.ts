import { createServer, type Server, type ServerOptions } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import {
  createCa,
  issue,
  type KeyPair,
  memberUri,
  operatorUri,
} from '#operator/pki/certificate.ts';
import { NodeClient } from './client.ts';
import { isUnreachable } from './errors.ts';

let ca: KeyPair;
let member: KeyPair;
let stranger: KeyPair;
let operator: KeyPair;
let close: (() => Promise<void>)[] = [];

beforeAll(async () => {
  ca = await createCa('shop peers');
  const ipAddresses = ['127.0.0.1'];
  member = await issue({ ca, commonName: 'm', uris: [memberUri('one')], ipAddresses });
  stranger = await issue({ ca, commonName: 'm', uris: [memberUri('two')], ipAddresses });
  operator = await issue({ ca, commonName: 'o', uris: [operatorUri('one')] });
});

afterEach(async () => {
  for (const step of close) await step();
  close = [];
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(handler: Handler, identity: KeyPair = member): Promise<number> {
  const options: ServerOptions = {
    key: identity.key,
    cert: identity.certificate,
    ca: ca.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  };
  const server: Server = createServer(options, handler);
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function client(port: number, overrides: { deadlineMs?: number; ca?: string } = {}): NodeClient {
  const made = new NodeClient({
    host: '127.0.0.1',
    port,
    clusterId: 'one',
    tls: { cert: operator.certificate, key: operator.key, ca: overrides.ca ?? ca.certificate },
    ...(overrides.deadlineMs === undefined ? {} : { deadlineMs: overrides.deadlineMs }),
  });
  close.push(async () => made.close());
  return made;
}

test('a request carries the operator identity, its body, and comes back parsed', async () => {
  const seen: string[] = [];
  const port = await serve((request, response) => {
    const names = (request.socket as TLSSocket).getPeerCertificate().subjectaltname ?? '';
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${names} ${body}`);
      response.end(JSON.stringify({ revision: 3, index: 17 }));
    });
  });
  const result = await client(port).putSettings({ revision: 3, users: [], parameters: {} });
  expect(result).toEqual({ revision: 3, index: 17 });
  expect(seen).toEqual([
    'PUT /v1/settings URI:holdfast://one/operator {"revision":3,"users":[],"parameters":{}}',
  ]);
});

test('connections are kept between requests', async () => {
  const ports = new Set<number | undefined>();
  const port = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    response.end(JSON.stringify({ index: 1, digest: 'aa' }));
  });
  const made = client(port);
  for (let i = 0; i < 3; i++) expect(await made.digest()).toEqual({ index: 1, digest: 'aa' });
  expect(ports.size).toBe(1);
});

test('a member of another cluster is refused before anything is sent', async () => {
  let requests = 0;
  const port = await serve((_request, response) => {
    requests++;
    response.end('{}');
  }, stranger);
  await expect(client(port).status()).rejects.toMatchObject({ code: 'NotTheMember' });
  expect(requests).toBe(0);
});

test('a server with a certificate of another CA is refused', async () => {
  const port = await serve((_request, response) => response.end('{}'));
  const otherCa = await createCa('shop peers');
  await expect(client(port, { ca: otherCa.certificate }).status()).rejects.toMatchObject({
    code: 'NotTheMember',
  });
});

test('the error of the member passes through with its code and its details', async () => {
  const port = await serve((_request, response) => {
    response.statusCode = 409;
    response.end(JSON.stringify({ error: 'NotPrimary', message: 'ask a1', primary: 'a1' }));
  });
  const call = client(port).putSettings({ revision: 1, users: [], parameters: {} });
  await expect(call).rejects.toMatchObject({
    code: 'NotPrimary',
    status: 409,
    details: { primary: 'a1' },
  });
});

test('an answer that does not come in time is a missed deadline', async () => {
  const port = await serve(() => {});
  const error = await client(port, { deadlineMs: 50 })
    .status()
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'DeadlineExceeded' });
  expect(isUnreachable(error)).toBe(true);
});

test('an answer that starts and never ends is a missed deadline', async () => {
  const port = await serve((_request, response) => response.write('{"member'));
  await expect(client(port, { deadlineMs: 100 }).status()).rejects.toMatchObject({
    code: 'DeadlineExceeded',
  });
});

test('nobody listening is unreachable', async () => {
  const port = await serve(() => {});
  await close[0]();
  close = [];
  await expect(client(port).status()).rejects.toMatchObject({ code: 'Unreachable' });
});

test('an answer that is not what this version knows is malformed', async () => {
  const replies = ['<html>', '[]', '{}', '{"memberId":7,"formed":true}'];
  let at = 0;
  const port = await serve((_request, response) => response.end(replies[at++]));
  const made = client(port);
  for (let i = 0; i < replies.length; i++) {
    await expect(made.status()).rejects.toMatchObject({ code: 'MalformedReply' });
  }
});
