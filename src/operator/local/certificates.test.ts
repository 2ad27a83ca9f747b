import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inspect } from '#operator/pki/inspect.ts';
import { type CertificateRequest, ensureCertificates } from './certificates.ts';
import { clusterFiles, readText } from './files.ts';

const DAY_MS = 86_400_000;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-certificates-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function request(changes: Partial<CertificateRequest> = {}): CertificateRequest {
  return {
    files: clusterFiles(directory, 'shop'),
    cluster: 'shop',
    clusterId: 'id',
    members: ['shop-0001-001', 'shop-0001-l01'],
    tlsEnabled: true,
    extraNames: ['cache.test', '10.0.0.7'],
    given: null,
    nowMs: Date.now(),
    ...changes,
  };
}

test('a member proves its cluster to other members, and its names to clients', async () => {
  const { files } = request();
  await ensureCertificates(request());
  const { peerTls, clientTls } = files.member('shop-0001-001');
  const peer = inspect(readText(join(peerTls, 'tls.crt')) ?? '');
  expect(peer.uris).toEqual(['holdfast://id/member']);
  const client = inspect(readText(join(clientTls, 'tls.crt')) ?? '');
  expect(client.dnsNames).toEqual(['localhost', 'cache.test']);
  expect(client.ipAddresses).toEqual(['127.0.0.1', '::1', '10.0.0.7']);
  expect(client.issuer).not.toBe(peer.issuer);
  expect(readText(join(clientTls, 'ca.crt'))).toBe(readText(files.caForClients));
});

test('what is good is left alone; what is old is made anew by the same CA', async () => {
  const { files } = request();
  const certificate = (): string => {
    return readText(join(files.member('shop-0001-001').peerTls, 'tls.crt')) ?? '';
  };
  const first = await ensureCertificates(request());
  const before = certificate();
  expect(await ensureCertificates(request())).toEqual(first);
  expect(certificate()).toBe(before);
  const later = await ensureCertificates(request({ nowMs: Date.now() + 61 * DAY_MS }));
  expect(certificate()).not.toBe(before);
  expect(later.peerCa).toBe(first.peerCa);
});

test('keys can be read by their owner only', async () => {
  const { files } = request();
  await ensureCertificates(request());
  for (const path of [
    join(files.pki, 'peer-ca.key'),
    join(files.pki, 'operator.key'),
    join(files.member('shop-0001-l01').peerTls, 'tls.key'),
  ]) {
    expect(statSync(path).mode & 0o777).toBe(0o600);
  }
});

test('without TLS for clients members still have certificates for each other', async () => {
  const { files } = request();
  const { clientCa } = await ensureCertificates(request({ tlsEnabled: false }));
  expect(clientCa).toBeNull();
  expect(readText(join(files.member('shop-0001-001').peerTls, 'tls.crt'))).not.toBeNull();
  expect(readText(files.caForClients)).toBeNull();
});
