/** Certificates for tests: a CA of its own for each call, written as Kubernetes mounts a Secret. */
import './reflection.ts';
import type { webcrypto } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

export interface TestCa {
  readonly pem: string;
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

export interface TestLeaf {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

let serial = 1;

export async function makeCa(name = 'test ca'): Promise<TestCa> {
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: (serial++).toString(16).padStart(4, '0'),
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 30 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return { pem: certificate.toString('pem'), certificate, keys };
}

/** A leaf for 127.0.0.1 and localhost, with `uris` as further names. */
export async function issue(
  ca: TestCa,
  uris: readonly string[] = [],
  days = 10,
): Promise<TestLeaf> {
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: (serial++).toString(16).padStart(4, '0'),
    subject: 'CN=leaf',
    issuer: ca.certificate.subject,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + days * DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: ca.keys.privateKey,
    extensions: [
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
        ...uris.map((value) => ({ type: 'url' as const, value })),
      ]),
    ],
  });
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { cert: certificate.toString('pem'), key: pem(key), ca: ca.pem };
}

/** Writes tls.crt, tls.key and ca.crt into `directory`, by default a new temporary one. */
export function writeTls(leaf: TestLeaf, directory?: string): string {
  const into = directory ?? mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
  writeFileSync(join(into, 'tls.crt'), leaf.cert);
  writeFileSync(join(into, 'tls.key'), leaf.key);
  writeFileSync(join(into, 'ca.crt'), leaf.ca);
  return into;
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function pem(pkcs8: Buffer): string {
  const lines = pkcs8.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
