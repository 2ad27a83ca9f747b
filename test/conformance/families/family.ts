/** A family of commands: how its lines are drawn and what of its replies is compared. */
import type { Draw, Line } from '../draw.ts';
import type { ReplyValue } from '../reply-parser.ts';

/** What the oracle does in place of a command that chose by chance, and the reply that it must give. */
export interface Replay {
  readonly line: Line;
  readonly reply: string;
}

export interface Family {
  /** How to draw the arguments of each command. */
  readonly commands: Readonly<Record<string, (d: Draw) => string[]>>;
  /** Commands that end a sequence's interesting state: drawn less often. */
  readonly rare?: readonly string[];
  /** Replies with a time in them may differ by this many of their units. */
  readonly timed?: Readonly<Record<string, number>>;
  /** Replies in no promised order; the number says how many neighbours belong together. */
  readonly unordered?: Readonly<Record<string, number>>;
  /** Replies by chance, of which the shape is compared. */
  readonly random?: readonly string[];
  /** Replies with doubles in them, which are compared as numbers: 7.0 printed 17 digits of them. */
  readonly doubles?: readonly string[];
  /** Walks with a cursor; the number says how many neighbours belong together. */
  readonly walks?: Readonly<Record<string, number>>;
  /** Commands that change keys by chance: by line and our reply, what the oracle does; null: the same line. */
  readonly replays?: Readonly<Record<string, (line: Line, ours: ReplyValue) => Replay | null>>;
  /** Lines that show what the key holds, if it is of this family. */
  readonly dump: (key: string) => readonly Line[];
}
