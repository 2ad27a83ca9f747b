/**
 * One client connection as a state machine: bytes in, commands checked and run in Redis' order, replies out
 * in order, each no sooner than rules W1 to W3 allow.
 *
 * What runs here is pure: the clock, the keyspace and the way to the log are the {@link SessionHost}'s. One
 * command allocates nothing but what it itself needs.
 *
 * Invariants:
 * - each complete request gets exactly one reply in its place (none with CLIENT REPLY OFF or SKIP);
 * - the output is partitioned into ranges with the index that each waits for; nothing leaves past one that
 *   waits, not even an error that needs no waiting;
 * - input is consumed only while the connection is below its limits; what is not consumed is held, and the
 *   socket paused (W9);
 * - nothing that a client sends makes `feed` throw.
 */
import { invariant } from '#base/invariant.ts';
import type { CommandEntry } from '#node/commands/command-index.ts';
import type { NodePort } from '#node/commands/node-port.ts';
import { checkRights, type DeniedAt, describeDenial } from '#node/commands/rights.ts';
import type { SessionPort } from '#node/commands/session-port.ts';
import type { CommandContext } from '#node/commands/spec.ts';
import { arityAllows, lookupCommand, lookupSubcommand } from '#node/commands/table.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { DEFAULT_DECODER_LIMITS, RequestDecoder } from '#node/resp/decoder.ts';
import { ERRORS } from '#node/resp/errors.ts';
import type { ReplyWriter } from '#node/resp/reply.ts';
import type { ClientConnection } from '#node/shard/ports.ts';
import {
  CROSS_SLOT,
  errorCode,
  growsMemory,
  NO_SLOT,
  slotOf,
  slotOfQueue,
  unknownCommand,
  unknownSubcommand,
} from './checks.ts';
import { ClientState } from './client-state.ts';
import { describeSession } from './describe.ts';
import type { Refusal, SessionHost } from './host.ts';
import { LEAVES_AT_ONCE } from './withheld.ts';

/** Every so many commands one is timed; its duration counts for all of them. */
const TIMED_EVERY = 16;
const MINUS = 0x2d;

const deniedAt: DeniedAt = { argument: 0 };

export class Session extends ClientState implements SessionPort, CommandContext {
  readonly #decoder = new RequestDecoder();
  #args: Arguments;
  /** The unit that runs reads everything: its reply waits for the newest index. */
  #readsWhole = false;
  /** A command that the host wants later. */
  #parkedEntry: CommandEntry | null = null;
  #parkedArgs: Arguments | null = null;
  #consuming = false;
  #stopped = false;
  #paused = false;
  #ended = false;

  constructor(connection: ClientConnection, host: SessionHost) {
    super(connection, host);
    this.#args = this.#decoder.args;
    this.standingChanged();
  }

  // What running commands see (CommandContext).

  get args(): Arguments {
    return this.#args;
  }

  get reply(): ReplyWriter {
    return this.output.writer;
  }

  get keyspace(): Keyspace {
    return this.host.keyspace;
  }

  get node(): NodePort {
    return this.host.node;
  }

  get session(): SessionPort {
    return this;
  }

  // What the shard calls.

  /** bytes[start, end) arrived; they are not kept. Runs as many commands as it may, holds the rest. */
  feed(bytes: Uint8Array, start: number, end: number): void {
    if (this.#ended || this.closing) return;
    this.lastInputMs = this.host.clock.monotonicMs();
    this.host.statistics.inputBytes += end - start;
    this.#decoder.feed(bytes, start, end);
    if (this.#stopped) this.#stop();
    else this.#consume();
  }

  /** Goes on with held input, if it may: after an overload, a park or {@link SessionHost.resumeLater}. */
  resume(): void {
    if (!this.#stopped || this.#consuming || this.#ended || this.#mustStop()) return;
    this.#stopped = false;
    this.#consume();
    if (!this.#stopped && this.#paused && !this.#ended) {
      this.#paused = false;
      this.connection.resume();
    }
  }

  /**
   * Sends the leading replies that wait for at most `index`: call it after commit and lease check. -1 sends what
   * waits for neither, 0 what waits for the lease alone.
   */
  release(index: number): void {
    if (this.#ended) return;
    const bytes = this.output.take(index);
    if (bytes !== null) {
      this.connection.send(bytes);
      this.host.statistics.outputBytes += bytes.length;
    }
    if (this.closing && this.output.empty) {
      this.connection.close();
      this.#end();
    } else if (this.#stopped && !this.#consuming && !this.#mustStop()) {
      if (this.#parkedEntry === null) this.host.resumeLater(this);
    }
  }

  /** Some reply is withheld. */
  get withholding(): boolean {
    return !this.output.empty;
  }

  /** The highest index that a withheld reply waits for; -1 when none is withheld. */
  get withheldIndex(): number {
    return this.output.lastIndex;
  }

  /** Bytes of output not handed to the connection yet. */
  get withheldBytes(): number {
    return this.output.writer.length;
  }

  /** Input is held back: a limit was reached, or a command is parked. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Something's outcome would be lost with this member's role: withheld replies, MULTI, WATCH (rule W6). */
  get entangled(): boolean {
    return this.withholding || this.transaction.open || this.transaction.watchCount > 0;
  }

  /** Drops everything withheld and closes at once (rule W6, CLIENT KILL, a removed user). */
  abort(): void {
    if (this.#ended) return;
    this.connection.destroy();
    this.#end();
  }

  override kill(): void {
    if (this.#consuming) this.closeAfterReply();
    else this.abort();
  }

  /** The socket is gone. */
  closed(): void {
    this.#end();
  }

  /** The connection's own buffer has run empty. */
  drained(): void {
    if (this.#parkedEntry === null) this.resume();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Bytes of input held. */
  get heldInputBytes(): number {
    return this.#decoder.heldBytes;
  }

  override describe(): string {
    return describeSession(this, this.host.clock.monotonicMs());
  }

  protected override standingChanged(): void {
    const open = !this.authRequired;
    const { limits } = this.host;
    this.#decoder.authenticated = open;
    this.#decoder.limits = {
      ...DEFAULT_DECODER_LIMITS,
      bulkBytes: limits.bulkBytes,
      requestBytes: open ? limits.queryBufferBytes : limits.unauthenticatedQueryBufferBytes,
    };
  }

  /** The host's limits have changed. */
  limitsChanged(): void {
    this.standingChanged();
  }

  executeTransaction(): void {
    const { transaction, reply } = this;
    if (transaction.broken) {
      reply.error(ERRORS.execAborted);
      this.discardTransaction();
      return;
    }
    const modified = transaction.anyModified(this.keyspace);
    this.unwatch();
    if (modified) {
      reply.nullArray();
      this.discardTransaction();
      return;
    }
    reply.array(transaction.entries.length);
    for (let at = 0; at < transaction.entries.length; at++) {
      this.#executeQueued(transaction.entries[at], transaction.args[at]);
    }
    this.#args = this.#decoder.args;
    transaction.close();
  }

  /** Runs one queued command inside the unit of EXEC. */
  #executeQueued(entry: CommandEntry, args: Arguments): void {
    this.#args = args;
    const denial = checkRights(this.user, entry, args, deniedAt);
    if (denial !== null) {
      this.logDenied(denial, denial === 'key' ? args.text(deniedAt.argument) : entry.fullName);
      this.reply.error(ERRORS.rightsChanged(denial));
      this.host.statistics.rejected[entry.id]++;
      return;
    }
    if (entry.spec.scope === 'whole') this.#readsWhole = true;
    this.#call(entry);
  }

  // Consuming input.

  #consume(): void {
    this.#consuming = true;
    this.#retryParked();
    const decoder = this.#decoder;
    while (!this.closing && !this.#ended && !this.#stopped) {
      if (this.#mustStop()) {
        this.#stop();
        break;
      }
      const decoded = decoder.next();
      if (decoded === 'more') break;
      if (decoded === 'error') {
        this.#protocolError(decoder.error);
        break;
      }
      this.#args = decoder.args;
      this.#lookUp();
    }
    this.#consuming = false;
    this.release(LEAVES_AT_ONCE);
  }

  #retryParked(): void {
    const entry = this.#parkedEntry;
    const args = this.#parkedArgs;
    if (entry === null || args === null) return;
    this.#parkedEntry = null;
    this.#parkedArgs = null;
    this.#args = args;
    this.#check(entry);
  }

  #mustStop(): boolean {
    if (this.host.overloaded) return true;
    const unsent = this.withheldBytes + this.connection.bufferedBytes;
    return unsent > this.host.limits.withheldReplyBytes;
  }

  #stop(): void {
    this.#stopped = true;
    this.#decoder.hold();
    if (this.#paused) return;
    this.#paused = true;
    this.connection.pause();
  }

  #protocolError(error: string): void {
    const from = this.reply.length;
    this.reply.error(error);
    this.host.statistics.countError('ERR');
    this.output.finish(from, LEAVES_AT_ONCE);
    this.closing = true;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.discardTransaction();
    this.output.clear();
    this.#parkedArgs = null;
    this.#parkedEntry = null;
    this.host.ended(this);
  }

  // One command: the checks in the order of Redis' processCommand.

  #lookUp(): void {
    const args = this.#args;
    const { commands } = this.host.node;
    if (this.host.users.revision === 0) {
      this.#refuse(null, ERRORS.loading);
      return;
    }
    const spec = lookupCommand(args);
    if (spec === undefined) {
      this.#refuse(null, unknownCommand(args));
      return;
    }
    const sub = spec.subcommands === undefined ? undefined : lookupSubcommand(spec, args);
    const entry = commands.find(sub ?? spec);
    if (entry === undefined) {
      this.#refuse(null, unknownCommand(args));
      return;
    }
    if (sub === undefined && spec.subcommands !== undefined && args.count > 1) {
      this.#refuse(entry, unknownSubcommand(args, spec.name));
      return;
    }
    this.lastCommand = entry.fullName;
    if (!arityAllows(entry.spec, args.count) || entry.spec.run === undefined) {
      this.#refuse(entry, ERRORS.wrongArity(entry.fullName));
      return;
    }
    this.#check(entry);
  }

  #check(entry: CommandEntry): void {
    const { host } = this;
    const inMulti = this.transaction.open;
    if (!entry.withoutAuth && this.authRequired) {
      this.#refuse(entry, ERRORS.noAuth);
    } else if (inMulti && !entry.inMulti) {
      this.#refuse(entry, ERRORS.notAllowedInMulti);
    } else if (!this.#allowed(entry) || !this.#routed(entry)) {
      return;
    } else if (host.outOfMemory && growsMemory(entry, this.transaction)) {
      this.#refuse(entry, ERRORS.outOfMemory);
    } else if (!host.loaded && !entry.whileLoading) {
      this.#refuse(entry, ERRORS.loading);
    } else if (inMulti && !entry.runsInMulti) {
      this.#queue(entry);
    } else {
      this.#run(entry);
    }
  }

  /** Checks the user's rights; answers and returns false when they do not suffice. */
  #allowed(entry: CommandEntry): boolean {
    if (this.user.unrestricted) return true;
    const args = this.#args;
    const denial = checkRights(this.user, entry, args, deniedAt);
    if (denial === null) return true;
    const { argument } = deniedAt;
    this.logDenied(denial, denial === 'key' ? args.text(argument) : entry.fullName);
    const why = describeDenial(denial, this.user.name, entry, args, argument, false);
    this.#refuse(entry, ERRORS.noPermission(why));
    return false;
  }

  /** Asks the host whether the command's slots are served here; answers or parks and returns false when not. */
  #routed(entry: CommandEntry): boolean {
    const { transaction } = this;
    let { isWrite } = entry;
    let slot = NO_SLOT;
    if (entry.isExec) {
      if (!transaction.open) return true;
      slot = slotOfQueue(transaction);
      if (slot === NO_SLOT && !transaction.entries.some((e) => e.touchesKeyspace)) return true;
      isWrite = transaction.entries.some((e) => e.isWrite);
    } else {
      if (!entry.touchesKeyspace && !entry.hasKeys) return true;
      slot = slotOf(entry, this.#args);
    }
    if (slot === CROSS_SLOT) {
      this.#redirect(entry, ERRORS.crossSlot);
      return false;
    }
    const refusal = this.host.route(slot, isWrite, this, entry.spec);
    return refusal === null || this.#refused(entry, slot, refusal);
  }

  /** Returns true when the command is to be queued all the same. */
  #refused(entry: CommandEntry, slot: number, refusal: Refusal): boolean {
    if (refusal.kind === 'moved') {
      this.#redirect(entry, ERRORS.moved(slot, refusal.endpoint));
      return false;
    }
    if (refusal.kind === 'error') {
      this.#redirect(entry, refusal.line);
      return false;
    }
    // only what would run now has to wait: EXEC will, for all that was queued
    if (this.transaction.open && !entry.runsInMulti) return true;
    this.#parkedEntry = entry;
    this.#parkedArgs = this.#args.copy();
    this.#stop();
    return false;
  }

  #queue(entry: CommandEntry): void {
    const { transaction, reply } = this;
    const from = reply.length;
    // what will not run is not kept
    if (!transaction.broken) transaction.add(entry, this.#args);
    if (transaction.bytes > this.host.limits.queryBufferBytes) {
      this.#protocolError(ERRORS.transactionTooBig);
      return;
    }
    reply.simple('QUEUED');
    this.output.finish(from, LEAVES_AT_ONCE);
  }

  /** Runs the command as one unit and announces what its reply waits for. */
  #run(entry: CommandEntry): void {
    const { host } = this;
    const from = this.reply.length;
    if (!entry.touchesKeyspace) {
      this.#call(entry);
      this.output.finish(from, LEAVES_AT_ONCE);
      return;
    }
    this.#readsWhole = entry.spec.scope === 'whole';
    host.beginUnit(this);
    this.#call(entry);
    let { waitIndex } = host.keyspace;
    if (this.#readsWhole) waitIndex = Math.max(waitIndex, host.newestIndex);
    this.output.finish(from, waitIndex);
    host.endUnit(this, waitIndex);
  }

  /** Calls the command's function and counts it. */
  #call(entry: CommandEntry): void {
    const { statistics, clock } = this.host;
    const { reply } = this;
    const from = reply.length;
    const timed = statistics.processed++ % TIMED_EVERY === 0;
    const startMs = timed ? clock.monotonicMs() : 0;
    statistics.calls[entry.id]++;
    const { run } = entry.spec;
    invariant(run !== undefined, 'only commands that can run are looked up');
    run(this);
    if (timed) statistics.observe(entry.id, clock.monotonicMs() - startMs, TIMED_EVERY);
    if (reply.length > from && reply.bytes[from] === MINUS) {
      statistics.failed[entry.id]++;
      statistics.countError(errorCode(reply.bytes, from));
    }
  }

  /** Refuses a command before it ran. Breaks a transaction; a refused EXEC ends it. */
  #refuse(entry: CommandEntry | null, error: string): void {
    if (entry !== null && entry.isExec) {
      this.discardTransaction();
      this.#answerRefused(entry, ERRORS.execAbortedBecause(error));
    } else {
      if (this.transaction.open) this.transaction.broken = true;
      this.#answerRefused(entry, error);
    }
  }

  /** Refuses a command that belongs elsewhere: as {@link #refuse}, but EXEC gets the error as it is. */
  #redirect(entry: CommandEntry, error: string): void {
    if (entry.isExec) this.discardTransaction();
    else if (this.transaction.open) this.transaction.broken = true;
    this.#answerRefused(entry, error);
  }

  #answerRefused(entry: CommandEntry | null, error: string): void {
    const { reply } = this;
    const { statistics } = this.host;
    const from = reply.length;
    if (entry !== null) statistics.rejected[entry.id]++;
    reply.error(error);
    statistics.countError(errorCode(reply.bytes, from));
    this.output.finish(from, LEAVES_AT_ONCE);
  }
}
