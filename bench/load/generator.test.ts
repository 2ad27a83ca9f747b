import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { generate } from './generator.ts';

let server: Server;

afterEach(() => server.close());

/** Answers each command, seen by its `*`, with `reply`. */
async function serve(reply: string): Promise<number> {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const commands = chunk.filter((byte) => byte === 0x2a).length;
      socket.write(reply.repeat(commands));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

test('exactly as many commands are sent as were asked for, trailers apart', async () => {
  const port = await serve('+OK\r\n');
  const load = { port, commands: ['SET k:__next_int__ v'], connections: 3, pipeline: 16, keys: 10 };
  const result = await generate({ ...load, trailer: 'WAITAOF 1 1 0', count: 1000 });
  expect(result.commands).toBe(1000);
  expect(result.p99Ms).toBeGreaterThanOrEqual(result.p50Ms);
});

test('an error as a reply ends the run', async () => {
  const port = await serve('-ERR unknown command\r\n');
  const load = { port, commands: ['NONE'], connections: 2, pipeline: 1, keys: 10, seconds: 60 };
  await expect(generate(load)).rejects.toThrow('ERR unknown command');
});
