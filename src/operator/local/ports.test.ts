import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { choosePorts, LOOPBACK } from './ports.ts';

let servers: Server[] = [];

afterEach(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  servers = [];
});

async function take(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, LOOPBACK, resolve));
  servers.push(server);
}

test('clients meet consecutive ports from the base on; log members have none', async () => {
  const [{ client: base }] = await choosePorts(['data', 'data', 'data'], 0);
  const ports = await choosePorts(['data', 'log', 'data'], base);
  expect(ports.map(({ client }) => client)).toEqual([base, 0, base + 1]);
  const all = ports.flatMap((chosen) => Object.values(chosen));
  const used = all.filter((port) => port !== 0);
  expect(new Set(used).size).toBe(used.length);
});

test('a client port that is taken is an error that names it', async () => {
  const [{ client: base }] = await choosePorts(['data', 'data'], 0);
  await take(base + 1);
  await expect(choosePorts(['data', 'data'], base)).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    port: base + 1,
  });
});

test('any other port that is taken is passed over', async () => {
  const [{ client: base, peer }] = await choosePorts(['data'], 0);
  await take(peer);
  const [chosen] = await choosePorts(['data'], base);
  expect(chosen.client).toBe(base);
  expect(chosen.peer).toBeGreaterThan(peer);
});
