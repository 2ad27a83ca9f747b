/**
 * A client that sends PING every millisecond on a connection of its own: `node probe-process.ts PORT
 * SECONDS`; prints as JSON how long the replies took. Waits of its own processor are in it as well.
 */
import { dial } from '#bench/servers/dial.ts';
import { Latencies } from './latencies.ts';

const PAUSE_MS = 1;
const PING = Buffer.from('*1\r\n$4\r\nPING\r\n');

const [port, seconds] = process.argv.slice(2).map(Number);
const latencies = new Latencies();
const endMs = performance.now() + seconds * 1000;
let sentAtMs = 0;

function send(): void {
  sentAtMs = performance.now();
  socket.write(PING);
}

function received(): void {
  latencies.add(performance.now() - sentAtMs);
  if (performance.now() < endMs) setTimeout(send, PAUSE_MS);
  else {
    const { longestMs } = latencies;
    const p999Ms = latencies.percentile(0.999);
    process.stdout.write(`${JSON.stringify({ longestMs, p999Ms })}\n`);
    socket.destroy();
  }
}

const socket = dial({ port }, { buffer: new Uint8Array(64), received, ready: send });
socket.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
