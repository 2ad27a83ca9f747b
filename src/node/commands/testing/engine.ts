/**
 * The smallest thing that runs commands: decoder, table, keyspace, replies; no session, no log. For tests of
 * commands, which touch the keyspace only, and for comparing them with a real Redis.
 */
import { latin1 } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { slotOfKey } from '#base/slot.ts';
import { CommandIndex } from '#node/commands/command-index.ts';
import { extractKeys, KeyPositions } from '#node/commands/keys.ts';
import type { NodePort } from '#node/commands/node-port.ts';
import type { SessionPort } from '#node/commands/session-port.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { COMMANDS } from '#node/commands/table.ts';
import { Keyspace } from '#node/keyspace/keyspace.ts';
import { Arguments } from '#node/resp/arguments.ts';
import { RequestDecoder } from '#node/resp/decoder.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { ReplyWriter } from '#node/resp/reply.ts';

const index = new CommandIndex(COMMANDS);

/** A port of which no command under test may touch more than `known`. */
function untouched(name: string, known: Readonly<Record<string, unknown>> = {}): object {
  return new Proxy(known, {
    get: (target, property) => {
      const given = typeof property === 'string' && property in target;
      invariant(given, `${name}.${String(property)} is not needed here`);
      return target[property];
    },
  });
}

export class Engine {
  readonly keyspace: Keyspace;
  readonly reply = new ReplyWriter();
  readonly #decoder = new RequestDecoder();
  readonly #keys = new KeyPositions();

  constructor(hashSeed: readonly [number, number] = [1, 2]) {
    this.keyspace = new Keyspace({ hashSeed });
    this.keyspace.nowMs = 1_700_000_000_000;
  }

  /** Runs every command in `request` (RESP or inline) and returns the replies' bytes, one a character. */
  feed(request: Uint8Array): string {
    this.#decoder.feed(request, 0, request.length);
    for (;;) {
      const decoded = this.#decoder.next();
      if (decoded === 'more') break;
      invariant(decoded === 'command', this.#decoder.error);
      this.#run(this.#decoder.args);
    }
    return this.#take();
  }

  /** Runs one command and returns its reply's bytes, one a character. */
  call(...words: readonly (string | Uint8Array)[]): string {
    this.#run(Arguments.of(...words));
    return this.#take();
  }

  #take(): string {
    const replies = latin1(this.reply.bytes, 0, this.reply.length);
    this.reply.clear();
    return replies;
  }

  #run(args: Arguments): void {
    const command = index.find(args);
    invariant(command !== undefined, 'the command is in the table');
    const entry = command.subcommand(args) ?? command;
    const { spec } = entry;
    this.keyspace.beginCommand();
    if (!entry.allowsCount(args.count)) {
      this.reply.error(ERRORS.wrongArity(entry.fullName));
      return;
    }
    if (spec.run === undefined) {
      const name = command.name.toUpperCase();
      this.reply.error(ERRORS.unknownSubcommand(args.latin1(1), name));
      return;
    }
    if (this.#crossesSlots(spec, args)) {
      this.reply.error(ERRORS.crossSlot);
      return;
    }
    spec.run(this.#context(args, spec));
  }

  #crossesSlots(spec: CommandSpec, args: Arguments): boolean {
    extractKeys(spec, args, this.#keys);
    let slot = -1;
    for (const position of this.#keys.positions.slice(0, this.#keys.count)) {
      const keySlot = slotOfKey(args.bytes, args.start(position), args.end(position));
      if (slot >= 0 && keySlot !== slot) return true;
      slot = keySlot;
    }
    return false;
  }

  #context(args: Arguments, spec: CommandSpec): CommandContext {
    return {
      args,
      reply: this.reply,
      keyspace: this.keyspace,
      session: untouched(`${spec.name}: session`) as SessionPort,
      node: untouched(`${spec.name}: node`, { tests: null }) as NodePort,
    };
  }
}
