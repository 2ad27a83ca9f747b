/**
 * The pulse threads of a simulated shard: actors of their own, with links of their own, that go on while the command
 * threads are paused. Both halves are the real ones; what passes between threads here passes whole events, so the
 * orders within one are `src/node/pulse/interleaving.test.ts`'s to try.
 */
import type { Clock } from '#base/clock.ts';
import { decodeBeat, encodeBeat, FRAME_ANSWER, FRAME_PULSE } from '#node/pulse/beat.ts';
import { CELL_BYTES, SharedWords } from '#node/pulse/cell.ts';
import { CommandSide } from '#node/pulse/command-side.ts';
import { PulseSide, type PulseTiming } from '#node/pulse/pulse-side.ts';
import { SimNetwork } from './network.ts';
import type { World } from './world.ts';

/** What the pulse thread of one process has; it ends with the process. */
interface Actor {
  readonly clock: Clock;
  readonly command: CommandSide;
  readonly side: PulseSide;
}

export class SimPulses {
  /** Its links have faults of their own, beside those of the network they are on. */
  readonly network: SimNetwork;
  readonly timing: PulseTiming;
  readonly #world: World;
  readonly #actors = new Map<string, Actor>();
  /** True time until which a whole process does nothing. */
  readonly #frozenUntilMs = new Map<string, number>();

  /** The pulses of a shard with these options; null when its members have none. */
  static of(
    world: World,
    under: SimNetwork,
    { electionTimeoutMs = 200, maxStallMs }: { electionTimeoutMs?: number; maxStallMs?: number },
  ): SimPulses | null {
    if (maxStallMs === undefined) return null;
    const heartbeatMs = electionTimeoutMs / 8;
    return new SimPulses(world, under, { electionTimeoutMs, heartbeatMs, maxStallMs });
  }

  /** @param under the network that the members' other links are on */
  constructor(world: World, under: SimNetwork, timing: PulseTiming) {
    this.#world = world;
    this.timing = timing;
    this.network = new SimNetwork(world, under);
  }

  /** The process of `id` starts; returns its member's port. */
  start(id: string, clock: Clock): { pulse: CommandSide } {
    const words = new SharedWords(new SharedArrayBuffer(CELL_BYTES));
    const command = new CommandSide(words);
    const actor: Actor = { clock, command, side: new PulseSide(words, this.timing) };
    this.#actors.set(id, actor);
    this.network.attach(id, (from, type, bytes) => this.#take(id, actor, from, type, bytes));
    const beat = (): void => {
      if (this.#actors.get(id) !== actor) return;
      this.#world.after(this.timing.heartbeatMs, beat);
      if (!this.#frozen(id)) this.#beat(id, actor);
    };
    this.#world.after(this.#world.between(0, this.timing.heartbeatMs), beat);
    return { pulse: command };
  }

  /** The process of `id` has ended. */
  stop(id: string): void {
    this.#actors.delete(id);
    this.#frozenUntilMs.delete(id);
    this.network.detach(id);
  }

  /** The process of `id` as a whole does nothing for so long: its pulse too. What comes to it is lost. */
  freeze(id: string, durationMs: number): void {
    const untilMs = this.#world.nowMs + durationMs;
    this.#frozenUntilMs.set(id, Math.max(untilMs, this.#frozenUntilMs.get(id) ?? 0));
  }

  #frozen(id: string): boolean {
    return (this.#frozenUntilMs.get(id) ?? 0) > this.#world.nowMs;
  }

  #beat(id: string, { side, clock }: Actor): void {
    const next = side.beat(clock.monotonicMs());
    if (next === null) return;
    for (const other of this.#actors.keys()) {
      if (other === id) continue;
      this.network.send(id, other, FRAME_PULSE, encodeBeat(next));
    }
  }

  #take(id: string, actor: Actor, from: string, type: number, bytes: Uint8Array): void {
    const { side, clock, command } = actor;
    const beat = decodeBeat(bytes);
    const slot = command.slotOf(from);
    if (this.#frozen(id) || beat === null || slot < 0) return;
    if (type === FRAME_ANSWER) side.answered(slot, beat);
    else if (side.answers(beat, clock.monotonicMs())) {
      this.network.send(id, from, FRAME_ANSWER, bytes);
    }
  }
}
