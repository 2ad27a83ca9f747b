/**
 * The trace of a run: a hash over all that happened, in order, and for people its lines. Equal hashes of one seed
 * mean that it did the same again.
 */
import type { World } from './world.ts';

export type TraceLevel = 'none' | 'events' | 'messages';

export class Trace {
  readonly level: TraceLevel;
  readonly #world: World;
  readonly #print: (line: string) => void;
  #hash = 0x811c9dc5;
  #events = 0;

  constructor(world: World, level: TraceLevel, print: (line: string) => void) {
    this.#world = world;
    this.level = level;
    this.#print = print;
  }

  /** Eight hexadecimal digits. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  /** How much was mixed into the hash. */
  get events(): number {
    return this.#events;
  }

  /** Something happened that these two numbers tell apart from other things. */
  mix(a: number, b: number): void {
    this.#events++;
    let hash = this.#hash;
    hash = Math.imul(hash ^ (this.#world.nowMs * 1024), 0x01000193);
    hash = Math.imul(hash ^ a, 0x01000193);
    this.#hash = Math.imul(hash ^ b, 0x01000193);
  }

  /** Something that people want to see: `who` did or met `event`. */
  note(who: string, event: string): void {
    this.mix(who.charCodeAt(who.length - 1), event.length);
    if (this.level !== 'none') this.#line(who, event);
  }

  /** One of a great many: shown with `messages` alone. */
  detail(who: string, event: () => string): void {
    if (this.level === 'messages') this.#line(who, event());
  }

  #line(who: string, event: string): void {
    this.#print(`${this.#world.nowMs.toFixed(3).padStart(10)}  ${who.padEnd(4)} ${event}`);
  }
}
