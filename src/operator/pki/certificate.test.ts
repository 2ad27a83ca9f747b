import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCa, issue, type KeyPair, memberUri } from './certificate.ts';
import { inspect, needsRenewal, renewalReason } from './inspect.ts';

const DAY_MS = 86_400_000;
let ca: KeyPair;
let directory: string;

beforeAll(async () => {
  ca = await createCa('shop peers');
  directory = mkdtempSync(join(tmpdir(), 'holdfast-pki-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const NAMES = {
  dnsNames: ['localhost', 'shop.app.svc'],
  ipAddresses: ['127.0.0.1', '::1'],
  uris: [memberUri('5f0c')],
};

test('OpenSSL accepts the chain, for both purposes and by every kind of name', async () => {
  const leaf = await issue({ ca, commonName: 'shop-0001-001', ...NAMES });
  const caFile = write('ca.crt', ca.certificate);
  const leafFile = write('leaf.crt', leaf.certificate);
  for (const purpose of ['sslserver', 'sslclient']) {
    const options = ['-x509_strict', '-purpose', purpose, '-CAfile', caFile];
    execFileSync('openssl', ['verify', ...options, leafFile], { stdio: 'pipe' });
  }
  execFileSync(
    'openssl',
    ['verify', '-CAfile', caFile, '-verify_hostname', 'shop.app.svc', leafFile],
    { stdio: 'pipe' },
  );
  execFileSync('openssl', ['verify', '-CAfile', caFile, '-verify_ip', '127.0.0.1', leafFile], {
    stdio: 'pipe',
  });
  const text = execFileSync('openssl', ['x509', '-in', leafFile, '-noout', '-text']).toString();
  expect(text).toContain('URI:holdfast://5f0c/member');
  expect(text).toContain('prime256v1');
  expect(text).toContain('TLS Web Server Authentication, TLS Web Client Authentication');
});

test('the key that is returned belongs to the certificate', async () => {
  const leaf = await issue({ ca, commonName: 'x', dnsNames: ['localhost'] });
  const fromKey = execFileSync('openssl', ['pkey', '-pubout'], { input: leaf.key }).toString();
  const fromCertificate = execFileSync('openssl', ['x509', '-noout', '-pubkey'], {
    input: leaf.certificate,
  }).toString();
  expect(fromKey).toBe(fromCertificate);
});

test('inspect reads back what was asked for', async () => {
  const leaf = await issue({ ca, commonName: 'shop-0001-001', ...NAMES });
  const facts = inspect(leaf.certificate);
  expect(facts.dnsNames).toEqual(NAMES.dnsNames);
  expect(facts.ipAddresses).toEqual(NAMES.ipAddresses);
  expect(facts.uris).toEqual(NAMES.uris);
  expect(facts.isCa).toBe(false);
  expect(inspect(ca.certificate).isCa).toBe(true);
});

test('a leaf lives 90 days and is renewed after 60; a CA lives 10 years', async () => {
  const nowMs = Date.now();
  const leaf = await issue({ ca, commonName: 'x', dnsNames: ['localhost'], nowMs });
  const days = (inspect(leaf.certificate).notAfter.getTime() - nowMs) / DAY_MS;
  expect(days).toBeCloseTo(90, 1);
  expect(needsRenewal(leaf.certificate, nowMs + 59.9 * DAY_MS)).toBe(false);
  expect(needsRenewal(leaf.certificate, nowMs + 60.1 * DAY_MS)).toBe(true);
  const years = (inspect(ca.certificate).notAfter.getTime() - nowMs) / DAY_MS / 365.25;
  expect(years).toBeCloseTo(10, 2);
});

test('a leaf does not outlive its CA, and an ended CA signs nothing', async () => {
  const nowMs = Date.now();
  const shortCa = await createCa('short', { years: 0.1, nowMs });
  const leaf = await issue({ ca: shortCa, commonName: 'x', dnsNames: ['localhost'], nowMs });
  expect(inspect(leaf.certificate).notAfter).toEqual(inspect(shortCa.certificate).notAfter);
  const later = nowMs + 40 * DAY_MS;
  await expect(
    issue({ ca: shortCa, commonName: 'x', dnsNames: ['localhost'], nowMs: later }),
  ).rejects.toMatchObject({ code: 'CA_EXPIRED' });
});

test('an address in another spelling is the same address', async () => {
  const { certificate } = await issue({ ca, commonName: 'x', ipAddresses: ['0:0::0:1'] });
  const names = { ipAddresses: ['::1'] };
  expect(renewalReason(certificate, names, ca.certificate, Date.now())).toBeNull();
});

test('a certificate is renewed when its names or its issuer change, or when it cannot be read', async () => {
  const nowMs = Date.now();
  const names = { dnsNames: ['a', 'b'] };
  const { certificate } = await issue({ ca, commonName: 'x', ...names });
  const other = await createCa('shop peers');
  expect(renewalReason(certificate, { dnsNames: ['b', 'a'] }, ca.certificate, nowMs)).toBeNull();
  expect(renewalReason(certificate, { dnsNames: ['a'] }, ca.certificate, nowMs)).toBe(
    'NamesChanged',
  );
  expect(renewalReason(certificate, names, other.certificate, nowMs)).toBe('OtherIssuer');
  expect(renewalReason('nonsense', names, ca.certificate, nowMs)).toBe('Unreadable');
  expect(renewalReason(certificate, names, ca.certificate, nowMs + 61 * DAY_MS)).toBe('Expiring');
});

test('mutual TLS works between two leaves of one CA and fails with a leaf of another', async () => {
  const server = await issue({ ca, commonName: 'server', ...NAMES, usages: ['server'] });
  const client = await issue({ ca, commonName: 'client', ...NAMES, usages: ['client'] });
  const strangerCa = await createCa('shop peers');
  const stranger = await issue({ ca: strangerCa, commonName: 'client', ...NAMES });
  expect(await handshake(ca, server, client)).toBe('hello');
  await expect(handshake(ca, server, stranger)).rejects.toBeInstanceOf(Error);
  await expect(handshake(strangerCa, server, client)).rejects.toBeInstanceOf(Error);
  // a server's certificate is no client's
  await expect(handshake(ca, server, server)).rejects.toBeInstanceOf(Error);
});

/** What a client that trusts `trusted` reads from a server that trusts the suite's CA. */
async function handshake(trusted: KeyPair, server: KeyPair, client: KeyPair): Promise<string> {
  const listener = createServer({
    key: server.key,
    cert: server.certificate,
    ca: ca.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  });
  listener.on('secureConnection', (socket: TLSSocket) => socket.end('hello'));
  listener.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    return await new Promise<string>((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        ca: trusted.certificate,
        key: client.key,
        cert: client.certificate,
      });
      let received = '';
      socket.on('data', (chunk) => (received += chunk.toString()));
      socket.on('end', () => (received === '' ? reject(new Error('ended')) : resolve(received)));
      socket.on('error', reject);
    });
  } finally {
    listener.close();
  }
}
