/**
 * Links between members: delay (so also reordering), loss, duplication, and cuts in either direction. A frame that is
 * on its way when its direction is cut does not arrive.
 */
import type { World } from './world.ts';

type Receive = (from: string, type: number, bytes: Uint8Array) => void;

export class SimNetwork {
  readonly #world: World;
  /** What is cut or slow there is so here, too. */
  readonly #under: SimNetwork | null;
  readonly #cut = new Set<string>();
  /** Extra milliseconds of a direction, [low, high). */
  readonly #slow = new Map<string, readonly [number, number]>();
  readonly #receivers = new Map<string, Receive>();
  delayMs: readonly [number, number] = [0.1, 1];
  lossChance = 0;
  duplicateChance = 0;
  /** Sees every frame that is sent, before anything happens to it; frames are not to be kept. */
  onSent: (from: string, to: string, type: number, bytes: Uint8Array) => void = () => {};
  /** Sees every frame that arrives, before its receiver does. */
  onArrived: (from: string, to: string, type: number, bytes: Uint8Array) => void = () => {};

  /** @param under the network whose wires these links use; null for wires of their own */
  constructor(world: World, under: SimNetwork | null = null) {
    this.#world = world;
    this.#under = under;
  }

  attach(id: string, receive: Receive): void {
    this.#receivers.set(id, receive);
  }

  detach(id: string): void {
    this.#receivers.delete(id);
  }

  /** Nothing goes from `from` to `to` any more. */
  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  isCut(from: string, to: string): boolean {
    return this.#isCut(`${from}>${to}`);
  }

  /** Cuts `id` off from all of `others`, both ways. */
  isolate(id: string, others: readonly string[]): void {
    for (const other of others) {
      if (other === id) continue;
      this.cut(id, other);
      this.cut(other, id);
    }
  }

  /** Frames from `from` to `to` take so much longer. */
  slow(from: string, to: string, extraMs: readonly [number, number]): void {
    this.#slow.set(`${from}>${to}`, extraMs);
  }

  extraMs(direction: string): readonly [number, number] | undefined {
    return this.#slow.get(direction);
  }

  heal(): void {
    this.#cut.clear();
    this.#slow.clear();
  }

  send(from: string, to: string, type: number, bytes: Uint8Array): void {
    const world = this.#world;
    this.onSent(from, to, type, bytes);
    if (world.random.chance(this.lossChance)) return;
    const copies = world.random.chance(this.duplicateChance) ? 2 : 1;
    const direction = `${from}>${to}`;
    const extra = this.#slow.get(direction) ?? this.#under?.extraMs(direction);
    const sent = bytes.slice();
    for (let i = 0; i < copies; i++) {
      const extraMs = extra === undefined ? 0 : world.between(...extra);
      world.after(world.between(...this.delayMs) + extraMs, () => {
        const receive = this.#receivers.get(to);
        if (receive === undefined || this.#isCut(direction)) return;
        this.onArrived(from, to, type, sent);
        receive(from, type, sent);
      });
    }
  }

  #isCut(direction: string): boolean {
    const under = this.#under;
    return this.#cut.has(direction) || (under !== null && under.#isCut(direction));
  }
}
