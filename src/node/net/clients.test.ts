import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { ConnectionOptions as TlsConnectionOptions, TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import type { ClientConnection, ClientHandler, Clients } from '#node/shard/ports.ts';
import { ClientListener } from './clients.ts';
import type { ClientListenerOptions } from './clients.ts';
import { TlsFiles } from './tls-files.ts';
import { issue, makeCa, writeTls } from './testing/certificates.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Answers every chunk with itself, and keeps what happened. */
class Echo implements Clients {
  readonly opened: ClientConnection[] = [];
  readonly events: string[] = [];
  received = '';
  reply = true;
  readonly #waiting = new Set<() => void>();
  handler: Partial<ClientHandler> = {};

  open(connection: ClientConnection): ClientHandler {
    this.opened.push(connection);
    this.#event('open');
    return {
      data: (bytes, start, end) => {
        if (Buffer.isBuffer(bytes))
          throw new Error('pure rooms take no Buffer: slice() would not copy');
        const copy = Buffer.from(bytes.subarray(start, end));
        this.received += copy.toString('latin1');
        if (this.reply) connection.send(copy, 0, copy.length);
        this.#event('data');
      },
      drained: () => this.#event('drained'),
      closed: () => this.#event('closed'),
      ...this.handler,
    };
  }

  #event(name: string): void {
    this.events.push(name);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }
}

function send(connection: ClientConnection, text: string): void {
  connection.send(Buffer.from(text), 0, Buffer.byteLength(text));
}

async function start(clients: Clients, options: Partial<ClientListenerOptions> = {}) {
  const listener = new ClientListener(
    {
      listener: 'client',
      host: '127.0.0.1',
      port: 0,
      tls: null,
      clientAuth: 'none',
      maxConnections: 100,
      keepAliveSeconds: 300,
      ...options,
    },
    clients,
  );
  const port = await listener.listen();
  cleanups.push(async () => {
    const closed = listener.close();
    for (const connection of (clients as Echo).opened) connection.destroy();
    await closed;
  });
  return { listener, port };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function dialTls(port: number, options: TlsConnectionOptions): Promise<TLSSocket> {
  const socket = tlsConnect({ port, host: '127.0.0.1', ...options });
  cleanups.push(() => socket.destroy());
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

/** Unlike `once`, does not mind an error first. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

async function readExactly(socket: Socket, bytes: number): Promise<string> {
  let got = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    got += (chunk as Buffer).toString('latin1');
    if (got.length >= bytes) break;
  }
  return got;
}

async function tlsDirectory(): Promise<string> {
  const directory = writeTls(await issue(await makeCa()));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function filesOf(directory: string, onError: (error: Error) => void = () => undefined): TlsFiles {
  return new TlsFiles({ directory, reloadMs: 1000, onError });
}

for (const staticRead of [true, false]) {
  const path = staticRead ? 'shared read buffer' : 'public path';

  test(`plaintext bytes go both ways by the ${path}, and stats say which path it is`, async () => {
    const echo = new Echo();
    const { listener, port } = await start(echo, { staticRead });
    expect(listener.stats.staticRead).toBe(staticRead);
    const socket = await dial(port);
    socket.write('PING\r\n');
    expect(await readExactly(socket, 6)).toBe('PING\r\n');
    expect(listener.stats.raw).toBe(staticRead);
    expect(echo.opened[0].localAddress).toBe(`127.0.0.1:${port}`);
    expect(echo.opened[0].remoteAddress).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(echo.opened[0].tls).toBe(false);
    const large = 'x'.repeat(1_000_000);
    socket.write(large);
    expect((await readExactly(socket, large.length)).length).toBe(large.length);
    expect(listener.stats).toMatchObject({
      open: 1,
      accepted: 1,
      inputBytes: 1_000_006,
      outputBytes: 1_000_006,
    });
    socket.destroy();
    await echo.until(() => echo.events.at(-1) === 'closed');
    expect(listener.stats.open).toBe(0);
  });

  test(`a paused connection is not read, by the ${path}`, async () => {
    const echo = new Echo();
    echo.reply = false;
    const { port } = await start(echo, { staticRead });
    const socket = await dial(port);
    socket.write('a');
    await echo.until(() => echo.received === 'a');
    echo.opened[0].pause();
    socket.write('b');
    // a second connection's round trip shows that the loop has turned since
    const other = await dial(port);
    for (let i = 0; i < 5; i++) {
      const before = echo.received.length;
      other.write('c');
      await echo.until(() => echo.received.length > before);
    }
    expect(echo.received).toBe('accccc');
    echo.opened[0].resume();
    await echo.until(() => echo.received === 'acccccb');
  });

  test(`a client that ends its half is closed at once unless the handler says otherwise, by the ${path}`, async () => {
    const echo = new Echo();
    const { port } = await start(echo, { staticRead });
    const socket = await dial(port);
    socket.end('x');
    expect(await readExactly(socket, 1)).toBe('x');
    await echo.until(() => echo.events.includes('closed'));

    let ended = false;
    echo.handler = { ended: () => (ended = true) };
    const second = await dial(port);
    second.end('y');
    expect(await readExactly(second, 1)).toBe('y');
    await new Promise((resolve) => setImmediate(resolve));
    await echo.until(() => ended || echo.events.length > 100);
    send(echo.opened[1], 'late');
    echo.opened[1].close();
    expect(await readExactly(second, 4)).toBe('late');
  });
}

test('what is sent leaves in order, small and large', async () => {
  const echo = new Echo();
  const { port } = await start(echo);
  const socket = await dial(port);
  await echo.until(() => echo.opened.length === 1);
  const parts = ['a', 'b'.repeat(100_000), 'c', 'd'.repeat(10), 'e'];
  for (const part of parts) send(echo.opened[0], part);
  expect(await readExactly(socket, 100_013)).toBe(parts.join(''));
});

test('what was sent may be changed afterwards, also when the kernel has not taken it', async () => {
  const echo = new Echo();
  const { port } = await start(echo);
  const socket = await dial(port);
  socket.pause();
  await echo.until(() => echo.opened.length === 1);
  const [connection] = echo.opened;
  const bytes = new Uint8Array(100_000);
  for (let i = 0; i < 100; i++) {
    const end = i % 2 === 0 ? 100_000 : 1_001;
    bytes.fill(0x61 + (i % 26));
    connection.send(bytes, 1, end);
  }
  expect(connection.bufferedBytes).toBeGreaterThan(0);
  bytes.fill(0);
  socket.resume();
  const got = await readExactly(socket, 50 * 99_999 + 50 * 1_000);
  let expected = '';
  for (let i = 0; i < 100; i++) {
    expected += String.fromCharCode(0x61 + (i % 26)).repeat(i % 2 === 0 ? 99_999 : 1_000);
  }
  expect(got === expected).toBe(true);
});

test('a client that does not read is seen in bufferedBytes, and drained tells when it has caught up', async () => {
  const echo = new Echo();
  const { port } = await start(echo);
  const socket = await dial(port);
  socket.pause();
  await echo.until(() => echo.opened.length === 1);
  const [connection] = echo.opened;
  const total = 32 * 1024 * 1024;
  for (let sent = 0; sent < total; sent += 1024 * 1024) send(connection, 'x'.repeat(1024 * 1024));
  expect(connection.bufferedBytes).toBeGreaterThan(1024 * 1024);
  const everything = new Promise<number>((resolve) => {
    let read = 0;
    socket.on('data', (bytes: Buffer) => {
      read += bytes.length;
      if (read >= total) resolve(read);
    });
  });
  socket.resume();
  await echo.until(() => echo.events.includes('drained'));
  expect(connection.bufferedBytes).toBe(0);
  expect(await everything).toBe(total);
});

test('close sends what is queued, then closes; what comes after is dropped', async () => {
  const echo = new Echo();
  const { port } = await start(echo);
  const socket = await dial(port);
  await echo.until(() => echo.opened.length === 1);
  send(echo.opened[0], 'bye');
  echo.opened[0].close();
  send(echo.opened[0], 'never');
  let got = '';
  for await (const chunk of socket) got += String(chunk);
  expect(got).toBe('bye');
  await echo.until(() => echo.events.includes('closed'));
  expect(echo.events.filter((event) => event === 'closed')).toHaveLength(1);
});

test('a client that never takes its last bytes is cut off after the close timeout', async () => {
  const echo = new Echo();
  const { listener, port } = await start(echo, { closeTimeoutMs: 50 });
  const socket = await dial(port);
  socket.pause();
  await echo.until(() => echo.opened.length === 1);
  send(echo.opened[0], 'x'.repeat(32 * 1024 * 1024));
  echo.opened[0].close();
  await echo.until(() => echo.events.includes('closed'));
  expect(listener.stats.open).toBe(0);
});

test('destroy closes at once, whatever is unsent; a reset by the client is no error', async () => {
  const echo = new Echo();
  const { port } = await start(echo);
  const first = await dial(port);
  await echo.until(() => echo.opened.length === 1);
  send(echo.opened[0], 'x'.repeat(32 * 1024 * 1024));
  echo.opened[0].destroy();
  first.resume();
  await closed(first);
  const second = await dial(port);
  await echo.until(() => echo.opened.length === 2);
  second.resetAndDestroy();
  await echo.until(() => echo.events.filter((event) => event === 'closed').length === 2);
});

for (const staticRead of [true, false]) {
  test(`one connection more than maxConnections is told so and closed (static read ${staticRead})`, async () => {
    const echo = new Echo();
    const { listener, port } = await start(echo, { maxConnections: 2, staticRead });
    const first = await dial(port);
    await dial(port);
    await echo.until(() => echo.opened.length === 2);
    const third = await dial(port);
    let got = '';
    for await (const chunk of third) got += String(chunk);
    expect(got).toBe('-ERR max number of clients reached\r\n');
    expect(listener.stats).toMatchObject({ open: 2, accepted: 2, rejected: 1 });
    first.destroy();
    await echo.until(() => echo.events.includes('closed'));
    const fourth = await dial(port);
    fourth.write('hi');
    expect(await readExactly(fourth, 2)).toBe('hi');
  });
}

test('stopAccepting refuses new connections and keeps open ones', async () => {
  const echo = new Echo();
  const { listener, port } = await start(echo);
  const socket = await dial(port);
  await echo.until(() => echo.opened.length === 1);
  listener.stopAccepting();
  socket.write('still');
  expect(await readExactly(socket, 5)).toBe('still');
  const late = connect(port, '127.0.0.1');
  cleanups.push(() => late.destroy());
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNREFUSED');
});

test('a port in use is reported by listen', async () => {
  const echo = new Echo();
  const { port } = await start(echo);
  await expect(start(new Echo(), { port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('TLS clients are served from 1.2 on, by the public path; plaintext is not answered', async () => {
  const echo = new Echo();
  const directory = await tlsDirectory();
  const { listener, port } = await start(echo, { tls: filesOf(directory) });
  expect(listener.stats.staticRead).toBe(false);
  const { ca } = filesOf(directory).current;
  const socket = await dialTls(port, { ca: ca ?? undefined, maxVersion: 'TLSv1.2' });
  socket.write('PING');
  expect(await readExactly(socket, 4)).toBe('PING');
  expect(echo.opened[0].tls).toBe(true);
  await expect(
    dialTls(port, { ca: ca ?? undefined, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' }),
  ).rejects.toThrow(/protocol version|no protocols/i);
  const plain = await dial(port);
  plain.write('PING\r\n');
  await closed(plain);
  expect(echo.opened).toHaveLength(1);
});

test('a handshake that does not end is cut off', async () => {
  const echo = new Echo();
  const { port } = await start(echo, {
    tls: filesOf(await tlsDirectory()),
    handshakeTimeoutMs: 50,
  });
  const silent = await dial(port);
  silent.resume();
  await closed(silent);
  expect(echo.opened).toHaveLength(0);
});

test('maxConnections is told over TLS too', async () => {
  const echo = new Echo();
  const directory = await tlsDirectory();
  const { port } = await start(echo, { tls: filesOf(directory), maxConnections: 1 });
  const ca = filesOf(directory).current.ca ?? undefined;
  await dialTls(port, { ca });
  const second = await dialTls(port, { ca });
  let got = '';
  for await (const chunk of second) got += String(chunk);
  expect(got).toBe('-ERR max number of clients reached\r\n');
});

test('clientAuth required turns away clients without a certificate of the CA; optional does not', async () => {
  const ca = await makeCa();
  const leaf = await issue(ca);
  const stranger = await issue(await makeCa('another'));
  const directory = writeTls(leaf);
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  const echo = new Echo();
  const required = await start(echo, { tls: filesOf(directory), clientAuth: 'required' });
  const good = await dialTls(required.port, { ca: ca.pem, cert: leaf.cert, key: leaf.key });
  good.write('in');
  expect(await readExactly(good, 2)).toBe('in');
  for (const credentials of [{}, { cert: stranger.cert, key: stranger.key }]) {
    // in TLS 1.3 the client learns of the refusal only after its own handshake
    const refused = tlsConnect({
      port: required.port,
      host: '127.0.0.1',
      ca: ca.pem,
      ...credentials,
    });
    cleanups.push(() => refused.destroy());
    refused.on('error', () => undefined);
    refused.resume();
    await closed(refused);
  }
  expect(echo.opened).toHaveLength(1);
  const optional = await start(echo, { tls: filesOf(directory), clientAuth: 'optional' });
  const nobody = await dialTls(optional.port, { ca: ca.pem });
  nobody.write('ok');
  expect(await readExactly(nobody, 2)).toBe('ok');
});

test('a renewed certificate serves new connections without a restart; a wrong one is not taken', async () => {
  const ca = await makeCa();
  const directory = writeTls(await issue(ca, [], 10));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  const errors: Error[] = [];
  const files = filesOf(directory, (error) => errors.push(error));
  const echo = new Echo();
  const { port } = await start(echo, { tls: files });
  const before = await dialTls(port, { ca: ca.pem });
  const firstSerial = before.getPeerCertificate().serialNumber;
  expect(files.poll()).toBe(false);

  const renewed = await issue(ca, [], 20);
  writeTls({ ...renewed, key: (await issue(ca)).key }, directory);
  expect(files.poll()).toBe(false);
  expect(files.poll()).toBe(false);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatchObject({ code: 'TLS_FILES' });
  const meanwhile = await dialTls(port, { ca: ca.pem });
  expect(meanwhile.getPeerCertificate().serialNumber).toBe(firstSerial);

  writeTls(renewed, directory);
  expect(files.poll()).toBe(true);
  expect(files.current.notAfterMs).toBeGreaterThan(Date.now() + 19 * 86_400_000);
  const after = await dialTls(port, { ca: ca.pem });
  expect(after.getPeerCertificate().serialNumber).not.toBe(firstSerial);
  before.write('old');
  expect(await readExactly(before, 3)).toBe('old');
});
