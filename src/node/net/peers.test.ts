import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ByteWriter, utf8 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { Addresses } from './addresses.ts';
import { FRAME_HEADER_BYTES, FrameReader, writeFrame } from './frames.ts';
import { encodeHello } from './hello.ts';
import type { PeerIdentity } from './hello.ts';
import { clusterIdOf, subjectUris } from './identity.ts';
import { PeerLinks } from './peers.ts';
import type { PeerEvents, PeerLinksOptions } from './peers.ts';
import { issue, makeCa, type TestCa, writeTls } from './testing/certificates.ts';
import { TlsFiles } from './tls-files.ts';

const CLUSTER = '11111111-2222-3333-4444-555555555555';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** One member's links, with everything that they reported. */
class Member implements PeerEvents {
  readonly name: string;
  readonly memberId: string;
  readonly frames: { from: string; type: number; bytes: Buffer }[] = [];
  readonly events: string[] = [];
  links: PeerLinks;
  port = 0;
  readonly #waiting = new Set<() => void>();

  constructor(number: number, options: Partial<PeerLinksOptions> = {}, identity = {}) {
    this.name = `shop-0001-00${number}`;
    this.memberId = number.toString(16).padStart(16, '0');
    const random = new Prng(number);
    const self: PeerIdentity = {
      clusterId: CLUSTER,
      shard: '0001',
      memberId: this.memberId,
      name: this.name,
      kind: 'data',
      host: '127.0.0.1',
      peerPort: 0,
      clientPort: 6379,
      pulsePort: 16380,
      link: 'peer',
      ...identity,
    };
    this.links = new PeerLinks(
      {
        self,
        host: '127.0.0.1',
        port: 0,
        tls: null,
        maxFrameBytes: 64 * 1024 * 1024,
        maxQueuedBytes: 64 * 1024 * 1024,
        silenceMs: 3000,
        random: () => random.below(1000) / 1000,
        ...options,
      },
      this,
    );
    cleanups.push(() => this.links.close());
  }

  async listen(): Promise<this> {
    this.port = await this.links.listen();
    return this;
  }

  knows(...others: Member[]): void {
    this.links.setMembers(
      [this, ...others].map(({ name, port }) => ({ name, shard: '0001', host: '127.0.0.1', port })),
    );
  }

  frame(from: string, type: number, payload: Uint8Array): void {
    if (Buffer.isBuffer(payload))
      throw new Error('pure rooms take no Buffer: slice() would not copy');
    this.frames.push({ from, type, bytes: Buffer.from(payload) });
    this.#wake();
  }
  linkUp(identity: PeerIdentity): void {
    this.events.push(`up ${identity.name}`);
    this.#wake();
  }
  linkDown(memberId: string, reason: string): void {
    this.events.push(`down ${memberId} ${reason}`);
    this.#wake();
  }
  refused(_: string, reason: string): void {
    this.events.push(`refused ${reason}`);
    this.#wake();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

async function members(count: number, options: Partial<PeerLinksOptions> = {}): Promise<Member[]> {
  const made: Member[] = [];
  for (let number = 1; number <= count; number++) {
    made.push(await new Member(number, options).listen());
  }
  return made;
}

/** Both have a link, and a frame sent by either arrives: it is the same one or both work. */
async function settled(a: Member, b: Member): Promise<void> {
  await a.until(() => a.links.isUp(b.memberId));
  await b.until(() => b.links.isUp(a.memberId));
}

/** Each sends `message` to the other until it has arrived: while two links become one, frames are lost. */
async function exchange(a: Member, b: Member, message: string): Promise<void> {
  const arrived = (at: Member): boolean => at.frames.some(({ bytes }) => String(bytes) === message);
  const send = (): void => {
    a.links.send(b.memberId, 1, utf8(message));
    b.links.send(a.memberId, 1, utf8(message));
  };
  send();
  const timer = setInterval(send, 20);
  await Promise.all([a.until(() => arrived(a)), b.until(() => arrived(b))]);
  clearInterval(timer);
}

test('every member reaches every other, whoever dialled, and frames of any size arrive whole and in order', async () => {
  const all = await members(3);
  for (const member of all) member.knows(...all);
  const [a, b, c] = all;
  await Promise.all([settled(a, b), settled(b, c), settled(a, c)]);
  const sizes = [0, 1, 5, 70_000, 3, 3_000_000, 12];
  const sent = a.frames.length;
  for (const [index, size] of sizes.entries()) {
    expect(b.links.send(a.memberId, 1 + index, Buffer.alloc(size, index))).toBe(true);
  }
  await a.until(() => a.frames.length === sent + sizes.length);
  expect(a.frames.slice(sent).map(({ type, bytes }) => [type, bytes.length])).toEqual(
    sizes.map((size, index) => [1 + index, size]),
  );
  expect(a.frames.every(({ from }) => from === b.memberId)).toBe(true);
  expect(a.frames.at(-2)?.bytes.every((byte) => byte === 5)).toBe(true);
  c.links.broadcast(2, utf8('to all'));
  await b.until(() => b.frames.length === 1);
  expect(a.links.linkStates()).toEqual({ [b.name]: 1, [c.name]: 1 });
});

test('a link serves both ways when only one side knows the address of the other', async () => {
  const [a, b] = await members(2);
  a.knows(b);
  await settled(a, b);
  b.links.send(a.memberId, 1, utf8('back'));
  await a.until(() => a.frames.length === 1);
  expect(a.frames[0].bytes.toString()).toBe('back');
});

test('links that both sides dial at once settle on one and stay', async () => {
  for (let round = 0; round < 20; round++) {
    const [a, b] = await members(2);
    a.knows(b);
    b.knows(a);
    await settled(a, b);
    for (let i = 0; i < 10; i++) await exchange(a, b, `${i}`);
    expect(a.events.filter((event) => event.startsWith('down'))).toEqual([]);
    expect(b.events.filter((event) => event.startsWith('down'))).toEqual([]);
    a.links.close();
    b.links.close();
  }
});

test('a member that comes back is linked again, and sends while it is away are dropped and counted', async () => {
  const [a, b] = await members(2);
  a.knows(b);
  await settled(a, b);
  const { port } = b;
  b.links.close();
  await a.until(() => !a.links.isUp(b.memberId));
  expect(a.events.at(-1)).toMatch(/^down/);
  expect(a.links.send(b.memberId, 1, utf8('lost'))).toBe(false);
  expect(a.links.droppedFrames).toBe(1);
  const again = new Member(2, { port });
  await again.listen();
  await settled(a, again);
});

test('a member under a new memberId at the same address is linked as what it is', async () => {
  const [a, b] = await members(2);
  a.knows(b);
  await settled(a, b);
  const { port } = b;
  b.links.close();
  const rebuilt = new Member(2, { port }, { memberId: 'ff'.repeat(8) });
  rebuilt.port = await rebuilt.links.listen();
  await a.until(() => a.links.isUp('ff'.repeat(8)));
  expect(a.links.isUp(b.memberId)).toBe(false);
});

test('another cluster, another protocol and a wrong hello are refused, with the reason told', async () => {
  const [a] = await members(1);
  const stranger = await new Member(2, {}, { clusterId: 'other' }).listen();
  stranger.knows(a);
  await a.until(() => a.events.includes(`refused cluster other, not ${CLUSTER}`));
  await stranger.until(() =>
    stranger.events.includes(`refused refused: cluster other, not ${CLUSTER}`),
  );
  expect(a.links.linked).toEqual([]);

  const identity = { ...selfOf(2), memberId: 'x' };
  for (const [hello, reason] of [
    [utf8('{"protocol":9}'), 'protocol 9, not 1'],
    [utf8('nonsense'), 'hello is not JSON'],
    [utf8('null'), 'hello is not an object'],
    [encodeHello(identity), 'memberId is not 16 hexadecimal digits'],
    [encodeHello(selfOf(1)), 'it is this member itself'],
    [encodeHello({ ...selfOf(2), link: 'pulse' }), 'a pulse link, not a peer link'],
  ] as const) {
    const socket = await rawDial(a.port);
    socket.write(frame(0, hello));
    await a.until(() => a.events.includes(`refused ${reason}`));
  }
  const socket = await rawDial(a.port);
  socket.write(frame(1, utf8('before hello')));
  await a.until(() => a.events.includes('refused no hello'));
});

test('a member of an older version is linked; a hello tells where the pulse of others is', async () => {
  const a = new Member(1);
  a.port = await a.links.listen(7777);
  const seen: number[] = [];
  const up = a.linkUp.bind(a);
  a.linkUp = (identity) => {
    seen.push(identity.pulsePort);
    up(identity);
  };
  const { pulsePort: _, link: __, ...older } = selfOf(3);
  const socket = await rawDial(a.port);
  socket.write(frame(0, encodeHello(older as PeerIdentity)));
  await a.until(() => a.events.includes(`up ${older.name}`));
  const b = await new Member(2).listen();
  a.knows(b);
  await settled(a, b);
  expect(seen).toEqual([0, 16380]);
});

test('a connection that says nothing is closed, and a frame above the limit closes its link', async () => {
  const a = await new Member(1, { dialTimeoutMs: 50, maxFrameBytes: 1000 }).listen();
  const silent = await rawDial(a.port);
  await once(silent, 'close');
  const b = await rawDial(a.port);
  b.write(frame(0, encodeHello(selfOf(2))));
  await a.until(() => a.links.linked.length === 1);
  b.write(frame(1, Buffer.alloc(1000)));
  await a.until(() => a.frames.length === 1);
  b.write(frame(1, Buffer.alloc(1001)));
  await a.until(() => a.links.linked.length === 0);
  expect(a.events.at(-1)).toMatch(/larger than allowed/);
});

test('a silent link is closed, a quiet one is kept alive by pings', async () => {
  const options = { silenceMs: 120 };
  const [a, b] = await members(2, options);
  a.knows(b);
  await settled(a, b);
  const silent = await rawDial(a.port);
  silent.resume();
  silent.write(frame(0, encodeHello(selfOf(3))));
  await a.until(() => a.events.some((event) => event.endsWith('silent for too long')));
  expect(a.links.linked).toEqual([b.memberId]);
  expect(b.events.filter((event) => event.startsWith('down'))).toEqual([]);
});

test('what does not fit the queue of a member that does not read is dropped and counted', async () => {
  const a = await new Member(1, { maxQueuedBytes: 4 * 1024 * 1024 }).listen();
  const stuck = await rawDial(a.port);
  stuck.pause();
  stuck.write(frame(0, encodeHello(selfOf(2))));
  await a.until(() => a.links.linked.length === 1);
  const id = selfOf(2).memberId;
  let taken = 0;
  for (let i = 0; i < 200; i++) {
    if (a.links.send(id, 1, Buffer.alloc(256 * 1024))) taken++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(taken).toBeGreaterThan(4);
  expect(a.links.droppedFrames).toBe(200 - taken);
  expect(a.links.droppedFrames).toBeGreaterThan(0);
  expect(a.links.bufferedBytes(id)).toBeLessThanOrEqual(4 * 1024 * 1024 + FRAME_HEADER_BYTES * 32);
});

test.each(['plaintext', 'TLS'])(
  'frames of many turns arrive in order and as they were sent: %s',
  async (how) => {
    const ca = how === 'TLS' ? await makeCa() : null;
    const tls = ca === null ? null : await tlsOf(ca, [`holdfast://${CLUSTER}/member`]);
    const [a, b] = await members(2, { tls });
    a.knows(b);
    await a.until(() => a.links.isUp(b.memberId));
    const random = new Prng(1);
    const sent: number[] = [];
    const bytes = new Uint8Array(300_000);
    for (let turn = 0; turn < 300; turn++) {
      for (let count = 1 + random.below(3); count > 0; count--) {
        const length = random.below(random.chance(0.1) ? bytes.length : 3000);
        // the sender's memory is used again at once
        bytes.fill(sent.length & 255, 0, length);
        expect(a.links.send(b.memberId, 1, bytes.subarray(0, length))).toBe(true);
        sent.push(length);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await b.until(() => b.frames.length === sent.length);
    b.frames.forEach(({ bytes: got }, at) => {
      expect(got.length).toBe(sent[at]);
      expect(got.every((byte) => byte === (at & 255))).toBe(true);
    });
  },
);

test('of two links by the same member the newer stays: the older may be dead without a word', async () => {
  const [a] = await members(1);
  const old = await rawDial(a.port);
  old.write(frame(0, encodeHello(selfOf(2))));
  await a.until(() => a.links.linked.length === 1);
  const fresh = await rawDial(a.port);
  fresh.write(frame(0, encodeHello(selfOf(2))));
  old.resume();
  await once(old, 'close');
  expect(a.links.linked).toHaveLength(1);
  expect(a.events).toEqual(['up shop-0001-002', 'up shop-0001-002']);
  fresh.write(frame(1, utf8('here')));
  await a.until(() => a.frames.length === 1);
});

test('a member whose address changes in setMembers is found at the new one; a removed one is not dialled', async () => {
  const [a, b] = await members(2);
  const dead = createServer().listen(0, '127.0.0.1');
  await once(dead, 'listening');
  const { port } = dead.address() as AddressInfo;
  dead.close();
  await once(dead, 'close');
  const at = (port: number) => [{ name: b.name, shard: '0001', host: '127.0.0.1', port }];
  a.links.setMembers(at(port));
  a.links.setMembers(at(b.port));
  await settled(a, b);
  a.links.setMembers([]);
  expect(a.links.linkStates()).toEqual({});
  expect(a.links.isUp(b.memberId)).toBe(true);
});

test('mutual TLS: the certificate must be a member of this cluster, on both sides', async () => {
  const ca = await makeCa();
  const tls = (uris: string[], authority = ca) => tlsOf(ca, uris, authority);
  const uri = `holdfast://${CLUSTER}/member`;
  const a = await new Member(1, { tls: await tls([uri]) }).listen();
  const b = await new Member(2, { tls: await tls([uri]) }).listen();
  // one side dials: a frame sent while two links become one may be lost
  a.knows(b);
  await settled(a, b);
  a.links.send(b.memberId, 1, Buffer.alloc(300_000, 7));
  await b.until(() => b.frames.length === 1);
  expect(b.frames[0].bytes.length).toBe(300_000);

  const operator = await new Member(3, {
    tls: await tls([`holdfast://${CLUSTER}/operator`]),
  }).listen();
  operator.knows(a);
  await a.until(() => a.events.some((event) => event.includes('/operator, not')));
  // and dialled by us: the other side's certificate is what counts
  b.knows(a, operator);
  await b.until(() => b.events.some((event) => event.includes('/operator, not')));

  const forged = await new Member(4, { tls: await tls([uri], await makeCa('forger')) }).listen();
  forged.knows(a);
  await a.until(() => a.events.some((event) => event.includes('TLS handshake')));

  const plain = await rawDial(a.port);
  plain.on('error', () => undefined);
  plain.write(frame(0, encodeHello(selfOf(5))));
  await new Promise((resolve) => plain.once('close', resolve));
  expect(a.links.linked).toEqual([b.memberId]);
});

test('a name is asked of DNS; when DNS is slow or gone the address that worked last is used', async () => {
  let answer: () => Promise<string> = () => Promise.resolve('10.0.0.1');
  const addresses = new Addresses({ patienceMs: 20, ask: () => answer() });
  expect(await addresses.resolve('127.0.0.1')).toEqual(['127.0.0.1']);
  expect(await addresses.resolve('a.example')).toEqual(['10.0.0.1']);
  addresses.worked('a.example', '10.0.0.1');
  answer = () => new Promise(() => undefined);
  expect(await addresses.resolve('a.example')).toEqual(['10.0.0.1']);
  answer = () => Promise.reject(new Error('gone'));
  expect(await addresses.resolve('a.example')).toEqual(['10.0.0.1']);
  await expect(addresses.resolve('b.example')).rejects.toThrow('gone');
  answer = () => Promise.resolve('10.0.0.2');
  expect(await addresses.resolve('a.example')).toEqual(['10.0.0.2', '10.0.0.1']);
  addresses.keepOnly(new Set());
  expect(await addresses.resolve('a.example')).toEqual(['10.0.0.2']);
});

test('a stale address in DNS does not keep a member away: the last good one is tried in turn', async () => {
  const [a, b] = await members(2);
  let answer = '127.0.0.1';
  const addresses = new Addresses({ ask: () => Promise.resolve(answer) });
  const c = await new Member(3, { addresses }).listen();
  c.links.setMembers([{ name: b.name, shard: '0001', host: 'b.example', port: b.port }]);
  await settled(c, b);
  answer = '127.0.0.77';
  const { port } = b;
  b.links.close();
  await c.until(() => !c.links.isUp(b.memberId));
  const again = await new Member(2, { port }).listen();
  await settled(c, again);
  expect(a.links.linked).toEqual([]);
});

test('frames are cut right wherever the stream is cut', () => {
  const seed = Date.now() % 1_000_000;
  const random = new Prng(seed);
  for (let round = 0; round < 200; round++) {
    const payloads = Array.from({ length: 1 + random.below(8) }, () =>
      Buffer.alloc(random.below(40), random.below(256)),
    );
    const stream = Buffer.concat(payloads.map((payload, index) => frame(index, payload)));
    const got: [number, Buffer][] = [];
    const reader = new FrameReader(40, (type, payload) => got.push([type, Buffer.from(payload)]));
    for (let at = 0; at < stream.length; ) {
      const end = Math.min(stream.length, at + 1 + random.below(20));
      expect(reader.push(stream.subarray(at, end), end - at), `seed ${seed}`).toBe(true);
      at = end;
    }
    expect(got, `seed ${seed}`).toEqual(payloads.map((payload, index) => [index, payload]));
  }
});

test('URIs are read out of subject alternative names, and nothing that only looks like one', async () => {
  expect(subjectUris('DNS:a, URI:holdfast://x/member, IP Address:1.2.3.4')).toEqual([
    'holdfast://x/member',
  ]);
  expect(subjectUris('DNS:"a, URI:holdfast://x/member"')).toEqual([]);
  expect(subjectUris('DNS:"a, URI:holdfast://x/member, DNS:b"')).toEqual([]);
  expect(subjectUris('DNS:"\\", URI:holdfast://x/member, DNS:\\""')).toEqual([]);
  expect(subjectUris('DNS:", URI:holdfast://x/member')).toEqual([]);
  expect(subjectUris(undefined)).toEqual([]);
  const leaf = await issue(await makeCa(), [`holdfast://${CLUSTER}/member`]);
  expect(clusterIdOf(leaf.cert)).toBe(CLUSTER);
  expect(clusterIdOf((await issue(await makeCa())).cert)).toBe('');
});

async function tlsOf(trusted: TestCa, uris: string[], authority = trusted): Promise<TlsFiles> {
  const leaf = await issue(authority, uris);
  const directory = writeTls({ ...leaf, ca: trusted.pem });
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return new TlsFiles({ directory, reloadMs: 1000, onError: () => undefined });
}

function selfOf(number: number): PeerIdentity {
  return {
    clusterId: CLUSTER,
    shard: '0001',
    memberId: number.toString(16).padStart(16, '0'),
    name: `shop-0001-00${number}`,
    kind: 'data',
    host: '127.0.0.1',
    peerPort: 1,
    clientPort: 2,
    pulsePort: 3,
    link: 'peer',
  };
}

function frame(type: number, payload: Uint8Array): Buffer {
  const writer = new ByteWriter();
  writeFrame(writer, type, payload);
  return Buffer.from(writer.copy());
}

async function rawDial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  cleanups.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket.resume();
}
