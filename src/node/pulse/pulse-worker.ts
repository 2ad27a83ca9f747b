/**
 * The pulse thread (see `pulse.ts`): its own listener and links to the other members of the shard, and one timer.
 * What it sends and answers is decided in `pulse-side.ts`. It knows of the command thread only the cell, and the
 * addresses that it is given.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '#base/invariant.ts';
import { PeerLinks } from '#node/net/peers.ts';
import { TlsFiles } from '#node/net/tls-files.ts';
import { BEAT_BYTES, decodeBeat, encodeBeat, FRAME_ANSWER, FRAME_PULSE } from './beat.ts';
import { SharedWords } from './cell.ts';
import { msSince } from './epoch.ts';
import type { PulseMembers, PulseWorkerData, WorkerNews } from './pulse.ts';
import { PulseSide } from './pulse-side.ts';

invariant(parentPort !== null, 'pulse-worker.ts runs as a thread');
const parent = parentPort;
const { self, host, port, tlsDir, tlsReloadMs, silenceMs, timing, cell, epochNs } =
  workerData as PulseWorkerData;

/** A member that takes nothing gets no more; what is older than this many pulses is worth nothing. */
const QUEUED_BYTES = 1024;

const side = new PulseSide(new SharedWords(cell), timing);
/** The other members of the shard, and their slots in the cell. */
let slots: ReadonlyMap<string, number> = new Map();

const tls =
  tlsDir === ''
    ? null
    : new TlsFiles({
        directory: tlsDir,
        reloadMs: tlsReloadMs,
        onError: ({ message }) => tell({ what: 'certificates', reason: message }),
      });
tls?.start();

const links = new PeerLinks(
  {
    self,
    host,
    port,
    tls,
    maxFrameBytes: BEAT_BYTES,
    maxQueuedBytes: QUEUED_BYTES,
    silenceMs,
    random: Math.random,
  },
  {
    frame: take,
    linkUp: ({ memberId, name }) => tell({ what: 'up', memberId, name }),
    linkDown: (memberId, reason) => tell({ what: 'down', memberId, reason }),
    refused: (address, reason) => tell({ what: 'refused', address, reason }),
  },
);

parent.on('message', (members: PulseMembers) => {
  slots = new Map(members.map(({ memberId, slot }) => [memberId, slot]));
  links.setMembers(members.map(({ name, ...at }) => ({ name, shard: self.shard, ...at })));
});

try {
  const listening = await links.listen(0);
  setInterval(beat, timing.heartbeatMs);
  tell({ what: 'listening', port: listening });
} catch (error) {
  const { message: reason, code = '' } = error as NodeJS.ErrnoException;
  tell({ what: 'failed', reason, code });
}

function beat(): void {
  const next = side.beat(msSince(epochNs));
  if (next === null) return;
  const bytes = encodeBeat(next);
  for (const memberId of slots.keys()) links.send(memberId, FRAME_PULSE, bytes);
}

function take(from: string, type: number, payload: Uint8Array): void {
  const nowMs = msSince(epochNs);
  const came = decodeBeat(payload);
  const known = came !== null && (type === FRAME_PULSE || type === FRAME_ANSWER);
  if (!known) {
    links.drop(from, 'not a pulse');
    return;
  }
  const slot = slots.get(from);
  if (slot === undefined) return;
  if (type === FRAME_PULSE) {
    if (side.answers(came, nowMs)) links.send(from, FRAME_ANSWER, payload);
  } else if (!side.answered(slot, came)) {
    links.drop(from, 'it answers a pulse that was never sent');
  }
}

function tell(news: WorkerNews): void {
  parent.postMessage(news);
}
