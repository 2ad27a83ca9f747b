/**
 * The process that allocations.test.ts starts: runs each case through a real session, and prints how many bytes
 * one command cost as JSON. It needs --expose-gc and semi-spaces so large that nothing is collected meanwhile.
 */
import { invariant } from '#base/invariant.ts';
import type { Session } from '#node/session/session.ts';
import { Session as RealSession } from '#node/session/session.ts';
import { OPEN_USER, request, TestConnection, TestHost } from '#node/session/testing/host.ts';
import { CASES } from './cases.ts';

const PIPELINE = 16;
const COMMANDS_EACH = 16_000;
/** The first rounds are for the compiler; of the others the best counts, as it compiles now and then still. */
const WARM_ROUNDS = 16;
const ROUNDS = 8;

/** Takes replies and forgets them. */
class Sink extends TestConnection {
  bytes = 0;

  override send(_bytes: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
  }
}

/** Commits what was written when a bout of input is over, as a turn would. */
class Host extends TestHost {
  override endUnit(): void {
    // the batch goes on
  }

  override awaitTurn(session: Session): void {
    const index = this.keyspace.openIndex;
    this.keyspace.effects.clear();
    this.keyspace.openIndex = index + 1;
    this.keyspace.committed(index);
    session.release(index);
    this.replies.clear();
  }
}

function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function measure({
  accessString = OPEN_USER.accessString,
  before,
  command,
}: (typeof CASES)[number]): number {
  const { gc } = globalThis;
  invariant(gc !== undefined, 'started with --expose-gc');
  const sink = new Sink(1);
  const session = new RealSession(sink, new Host([{ ...OPEN_USER, accessString }]));
  const prepared = concat(before.map((words) => request(...words)));
  session.feed(prepared, 0, prepared.length);
  const bouts = Array.from({ length: PIPELINE }, (_, bout) =>
    concat(Array.from({ length: PIPELINE }, (_, i) => request(...command(bout * PIPELINE + i)))),
  );
  let best = Infinity;
  for (let round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
    gc();
    const bytesBefore = sink.bytes;
    const start = usedBytes();
    for (let done = 0; done < COMMANDS_EACH; done += PIPELINE) {
      const bout = bouts[(done / PIPELINE) % PIPELINE];
      session.feed(bout, 0, bout.length);
    }
    const each = (usedBytes() - start) / COMMANDS_EACH;
    invariant(sink.bytes > bytesBefore, 'replies came');
    if (round >= WARM_ROUNDS) best = Math.min(best, each);
  }
  return best;
}

const results = Object.fromEntries(CASES.map((one) => [one.name, measure(one)]));
process.stdout.write(JSON.stringify(results));
