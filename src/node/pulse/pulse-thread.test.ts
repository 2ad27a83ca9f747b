/** The pulse with real threads and sockets on loopback. This thread plays the command threads of all members. */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { ByteWriter } from '#base/bytes.ts';
import { FRAME_HELLO, writeFrame } from '#node/net/frames.ts';
import { encodeHello, type PeerIdentity } from '#node/net/hello.ts';
import { issue, makeCa, type TestCa, writeTls } from '#node/net/testing/certificates.ts';
import { BEAT_BYTES, FRAME_ANSWER, FRAME_PULSE } from './beat.ts';
import { type PulseNews, type PulseTarget, PulseThread, type PulseThreadOptions } from './pulse.ts';

const CLUSTER = '11111111-2222-3333-4444-555555555555';
const TIMING = { electionTimeoutMs: 400, heartbeatMs: 20, maxStallMs: 5000 };
const TERM = 3;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

class Member {
  readonly memberId: string;
  readonly name: string;
  readonly news: PulseNews[] = [];
  readonly thread: PulseThread;
  port = 0;

  constructor(number: number, options: Partial<PulseThreadOptions> = {}) {
    this.memberId = number.toString(16).padStart(16, '0');
    this.name = `shop-0001-00${number}`;
    this.thread = new PulseThread({
      self: selfOf(number),
      host: '127.0.0.1',
      port: 0,
      tlsDir: '',
      tlsReloadMs: 100,
      silenceMs: 3000,
      timing: TIMING,
      onNews: (news) => this.news.push(news),
      ...options,
    });
    cleanups.push(() => this.thread.close());
  }

  async start(): Promise<this> {
    this.port = await this.thread.start();
    return this;
  }

  get target(): PulseTarget {
    return { memberId: this.memberId, name: this.name, host: '127.0.0.1', port: this.port };
  }

  tick(): void {
    this.thread.command.tick(performance.now(), performance.now());
  }

  heard(what: PulseNews['what']): boolean {
    return this.news.some((news) => news.what === what);
  }
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

/** A leader and a follower of it that know each other. */
async function pair(options: Partial<PulseThreadOptions>[] = [{}, {}]): Promise<[Member, Member]> {
  const leader = await new Member(1, options[0]).start();
  const follower = await new Member(2, options[1]).start();
  leader.thread.setMembers([follower.target]);
  follower.thread.setMembers([leader.target]);
  leader.thread.command.publish(TERM, 'leads');
  follower.thread.command.publish(TERM, 'follows');
  for (const member of [leader, follower]) member.tick();
  return [leader, follower];
}

async function until(done: () => boolean, ...living: Member[]): Promise<void> {
  while (!done()) {
    for (const member of living) member.tick();
    await sleep(5);
  }
}

function answered(leader: Member, follower: Member): number {
  return leader.thread.command.answeredSentMs(follower.memberId, TERM);
}

/** Stands still, as a command thread does in a long script. */
function stall(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

async function tlsDir(trusted: TestCa, cluster = CLUSTER, authority = trusted): Promise<string> {
  const leaf = await issue(authority, [`holdfast://${cluster}/member`]);
  const directory = writeTls({ ...leaf, ca: trusted.pem });
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('a leader is answered and a follower hears of it, also while both command threads stand still', async () => {
  const [leader, follower] = await pair();
  await until(() => answered(leader, follower) > 0, leader, follower);
  expect(follower.thread.command.heardMs(TERM)).toBeGreaterThan(0);
  const beforeMs = performance.now();
  stall(1000);
  // it may be slow, but not silent
  expect(answered(leader, follower)).toBeGreaterThan(beforeMs + 500);
  expect(follower.thread.command.heardMs(TERM)).toBeGreaterThan(beforeMs + 500);
  const { command } = follower.thread;
  expect(command.beforeVote(TERM + 1)).toBeGreaterThan(beforeMs + 500 + TIMING.electionTimeoutMs);
  const nowMs = performance.now();
  await sleep(100);
  expect(answered(leader, follower)).toBeLessThan(nowMs + 1);
});

test('the pulse ends maxStallMs after the last tick of the leader', async () => {
  const timing = { ...TIMING, maxStallMs: 300 };
  const [leader, follower] = await pair([{ timing }, {}]);
  await until(() => answered(leader, follower) > 0, leader, follower);
  leader.tick();
  const lastTickMs = performance.now();
  stall(800);
  expect(answered(leader, follower)).toBeLessThanOrEqual(lastTickMs + timing.maxStallMs);
  leader.tick();
  await until(() => answered(leader, follower) > lastTickMs + 800, leader, follower);
});

test('over TLS, with certificates that are read anew while it runs', async () => {
  const ca = await makeCa();
  const [first, second] = [await tlsDir(ca), await tlsDir(ca)];
  const [leader, follower] = await pair([{ tlsDir: first }, { tlsDir: second }]);
  await until(() => answered(leader, follower) > 0, leader, follower);
  const next = await makeCa();
  writeTls(await issue(next, [`holdfast://${CLUSTER}/member`]), second);
  const third = await new Member(3, { tlsDir: await tlsDir(next) }).start();
  third.thread.setMembers([follower.target]);
  await until(() => third.heard('up'));
});

test('who has a certificate of another cluster, or of another authority, is refused', async () => {
  const ca = await makeCa();
  for (const strange of [await tlsDir(ca, 'other'), await tlsDir(ca, CLUSTER, await makeCa())]) {
    const [leader, follower] = await pair([{ tlsDir: await tlsDir(ca) }, { tlsDir: strange }]);
    await until(() => leader.heard('refused') && follower.heard('refused'), leader, follower);
    expect(answered(leader, follower)).toBe(0);
  }
});

test('what is no pulse closes the connection', async () => {
  const leader = await new Member(1).start();
  leader.thread.setMembers([{ ...leader.target, memberId: '0000000000000002' }]);
  leader.thread.command.publish(TERM, 'leads');
  const future = new ByteWriter();
  for (const value of [TERM, 2 ** 52]) future.uint53(value);
  for (const [type, payload] of [
    [FRAME_PULSE, new Uint8Array(BEAT_BYTES - 1)],
    [FRAME_PULSE, new Uint8Array(BEAT_BYTES + 1)],
    [FRAME_PULSE, new Uint8Array(BEAT_BYTES).fill(255)],
    [FRAME_ANSWER + 1, new Uint8Array(BEAT_BYTES)],
    [FRAME_ANSWER, future.copy()],
  ] as const) {
    const socket = await dialAs(2, leader.port);
    const closed = once(socket, 'close');
    socket.write(frame(type, payload));
    await closed;
  }
  const peer = await dialAs(2, leader.port, 'peer');
  await once(peer, 'close');
});

test('a thread that dies is told of, and another one takes its place', async () => {
  const [leader, follower] = await pair();
  await until(() => answered(leader, follower) > 0, leader, follower);
  expect(leader.thread.linkStates()).toEqual({ [follower.name]: 1 });
  leader.thread.setMembers([{ ...follower.target, name: 'm', port: 70_000 }]);
  await until(() => leader.heard('died'));
  const diedMs = performance.now();
  leader.thread.setMembers([follower.target]);
  expect(leader.thread.linkStates()).toEqual({ [follower.name]: 0 });
  await until(() => answered(leader, follower) > diedMs, leader, follower);
});

test('a port that is taken is told at the start', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  cleanups.push(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(new Member(1, { port }).start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

async function dialAs(
  number: number,
  port: number,
  link: PeerIdentity['link'] = 'pulse',
): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  cleanups.push(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(frame(FRAME_HELLO, encodeHello({ ...selfOf(number), link })));
  await once(socket, 'data');
  return socket.resume();
}

function frame(type: number, payload: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  writeFrame(writer, type, payload);
  return writer.copy();
}
