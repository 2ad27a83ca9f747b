/**
 * What clients may send wrong, over real sockets to a real node: each gets its clear error, nothing is lost,
 * and the next client is served as if nothing had happened.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as plainConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalCluster } from '#operator/local/cluster.ts';
import { defineClusters } from '#operator/local/definition.ts';
import { parseManifests } from '#operator/local/manifest.ts';

const PASSWORD = 'correct-horse-battery-staple';
const MANIFEST = `
apiVersion: holdfast.dev/v1alpha1
kind: MemoryCluster
metadata: {name: wire}
spec: {numReplicasPerShard: 0, aclName: wire-acl}
---
apiVersion: holdfast.dev/v1alpha1
kind: ACL
metadata: {name: wire-acl}
spec: {userNames: [app-user, reader]}
---
apiVersion: holdfast.dev/v1alpha1
kind: User
metadata: {name: app-user}
spec:
  accessString: "on ~* +@all"
  authenticationMode: {type: password, passwords: [{name: secret, key: password}]}
---
apiVersion: holdfast.dev/v1alpha1
kind: User
metadata: {name: reader}
spec:
  accessString: "on ~public:* +@read"
  authenticationMode: {type: password, passwords: [{name: secret, key: password}]}
---
apiVersion: v1
kind: Secret
metadata: {name: secret}
stringData: {password: ${PASSWORD}}
`;

/** A raw connection: what is sent, and what came back as text. */
class Raw {
  readonly #socket: TLSSocket;
  received = '';
  closed = false;
  #changed: () => void = () => {};

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
      this.#changed();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
  }

  send(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** Resolves when `done()`; rejects, with what was received, after ten seconds. */
  until(done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`received ${this.received}`)), 10_000);
      this.#changed = () => {
        if (!done()) return;
        clearTimeout(timer);
        resolve();
      };
      this.#changed();
    });
  }

  /** The next reply line to `text`. */
  async ask(text: string): Promise<string> {
    const from = this.received.length;
    this.send(text);
    await this.until(() => this.received.indexOf('\r\n', from) >= 0);
    return this.received.slice(from, this.received.indexOf('\r\n', from));
  }

  end(): void {
    this.#socket.destroy();
  }
}

const directory = mkdtempSync(join(tmpdir(), 'holdfast-wire-'));
const [definition] = defineClusters(parseManifests('wire', MANIFEST));
const cluster = new LocalCluster({ definition, directory, basePort: 0 });
const connections: Raw[] = [];

beforeAll(() => cluster.start(), 120_000);

afterAll(async () => {
  for (const connection of connections) connection.end();
  await cluster.stop();
  rmSync(directory, { recursive: true, force: true });
});

function open(): Promise<Raw> {
  const [{ host, port }] = cluster.endpoints;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ca: cluster.ca ?? '' });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const raw = new Raw(socket);
      connections.push(raw);
      resolve(raw);
    });
  });
}

async function login(user = 'app-user'): Promise<Raw> {
  const raw = await open();
  expect(await raw.ask(`AUTH ${user} ${PASSWORD}\r\n`)).toBe('+OK');
  return raw;
}

test.each([
  ['*notanumber\r\n', 'ERR Protocol error: invalid multibulk length'],
  ['*2000000\r\n', 'ERR Protocol error: invalid multibulk length'],
  ['*1\r\nPING\r\n', "ERR Protocol error: expected '$', got 'P'"],
  ['*1\r\n$-5\r\n', 'ERR Protocol error: invalid bulk length'],
  ['*2\r\n$3\r\nGET\r\n$629145600\r\n', 'ERR Protocol error: invalid bulk length'],
  ['SET "unbalanced\r\n', 'ERR Protocol error: unbalanced quotes in request'],
])('malformed RESP %j is answered with %s, and the connection closed', async (bytes, error) => {
  const raw = await login();
  const from = raw.received.length;
  raw.send(bytes);
  await raw.until(() => raw.closed);
  expect(raw.received.slice(from)).toBe(`-${error}\r\n`);
});

test('before AUTH large requests are refused by their announced size', async () => {
  const raw = await open();
  raw.send('*2\r\n$3\r\nGET\r\n$1000000\r\n');
  await raw.until(() => raw.closed);
  expect(raw.received).toBe('-ERR Protocol error: unauthenticated bulk length\r\n');
});

test('a half-sent command held open disturbs nobody, and is run when the rest comes', async () => {
  const half = await login();
  half.send('*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$5\r\nva');
  const other = await login();
  expect(await other.ask('GET half\r\n')).toBe('$-1');
  expect(await half.ask('lue\r\n')).toBe('+OK');
  expect(await other.ask('GET half\r\n')).toBe('$5');
});

test('a wrong password and an unknown user get the same error', async () => {
  const error = '-WRONGPASS invalid username-password pair or user is disabled.';
  const raw = await open();
  expect(await raw.ask('AUTH app-user wrong\r\n')).toBe(error);
  expect(await raw.ask(`AUTH nobody ${PASSWORD}\r\n`)).toBe(error);
  expect(await raw.ask('GET k\r\n')).toBe('-NOAUTH Authentication required.');
});

test('what a user may not do names the command or the key', async () => {
  const raw = await login('reader');
  expect(await raw.ask('SET public:a 1\r\n')).toMatch(/^-NOPERM .*'set' command/);
  expect(await raw.ask('GET private\r\n')).toMatch(/^-NOPERM .* key$/);
  expect(await raw.ask('GET public:a\r\n')).toBe('$-1');
});

test('unknown commands, wrong arity and wrong types do not close the connection', async () => {
  const raw = await login();
  expect(await raw.ask('NOSUCH a b\r\n')).toMatch(/^-ERR unknown command 'NOSUCH'/);
  expect(await raw.ask('GET\r\n')).toBe("-ERR wrong number of arguments for 'get' command");
  expect(await raw.ask('HSET h f v\r\n')).toBe(':1');
  expect(await raw.ask('GET h\r\n')).toMatch(/^-WRONGTYPE /);
  expect(await raw.ask('MGET a b\r\n')).toMatch(/^-CROSSSLOT /);
  expect(await raw.ask('PING\r\n')).toBe('+PONG');
});

test('noise instead of a TLS handshake is dropped, and the next client is served', async () => {
  const [{ host, port }] = cluster.endpoints;
  await new Promise<void>((resolve) => {
    const socket = plainConnect({ host, port }, () => socket.write('PING\r\n'.repeat(100)));
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
  });
  const raw = await login();
  expect(await raw.ask('PING\r\n')).toBe('+PONG');
});
