/** One command on a connection of its own, for set-up and questions; not for load. */
import { ReplyScanner } from '#bench/load/reply-scanner.ts';
import { dial, type Endpoint } from './dial.ts';

/** Resolves with the reply as it came (RESP2); rejects when it is an error. */
export function request(
  endpoint: Endpoint,
  command: readonly string[],
  longestMs = 600_000,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const scanner = new ReplyScanner();
    let reply = '';
    const what = command.join(' ').slice(0, 80);
    const received = (bytes: Uint8Array, length: number): void => {
      reply += Buffer.from(bytes.subarray(0, length)).toString('latin1');
      if (scanner.scan(bytes, 0, length) === 0) return;
      if (scanner.error !== '') reject(new Error(`${what}: ${scanner.error}`));
      else resolve(reply);
      socket.destroy();
    };
    const socket = dial(endpoint, { buffer: new Uint8Array(1 << 16), received });
    socket.setTimeout(longestMs, () => socket.destroy(new Error(`${what}: no reply`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${what}: connection closed`)));
    const words = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${command.length}\r\n${words.join('')}`);
  });
}

/** The integer that a command is answered by. */
export async function integer(endpoint: Endpoint, command: readonly string[]): Promise<number> {
  const reply = await request(endpoint, command);
  if (!reply.startsWith(':')) throw new Error(`${command.join(' ')}: ${reply.trim()}`);
  return Number(reply.slice(1));
}
