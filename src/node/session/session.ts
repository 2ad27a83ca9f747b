/**
 * One client connection as a state machine: bytes in, commands checked and run in Redis' order, replies out
 * in order, each no sooner than rules W1 to W3 allow.
 *
 * What runs here is pure: the clock, the keyspace and the way to the log are the {@link SessionHost}'s. One
 * command allocates nothing but what it itself needs, and looks at no clock.
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
import type { CommandEntry, CommandIndex } from '#node/commands/command-index.ts';
import type { NodePort } from '#node/commands/node-port.ts';
import { checkRights, type DeniedAt, describeDenial } from '#node/commands/rights.ts';
import type { SessionPort } from '#node/commands/session-port.ts';
import type { CommandContext } from '#node/commands/spec.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import type { RequestDecoder } from '#node/resp/decoder.ts';
import { ERRORS } from '#node/resp/errors.ts';
import type { ReplyWriter } from '#node/resp/reply.ts';
import type { ClientConnection } from './connection.ts';
import { ownWrites } from './blocking.ts';
import {
  CROSS_SLOT,
  errorCode,
  growsMemory,
  NO_SLOT,
  NOWHERE,
  slotOf,
  slotOfQueue,
  unknownCommand,
  unknownSubcommand,
} from './checks.ts';
import { ClientState } from './client-state.ts';
import { describeSession } from './describe.ts';
import type { Refusal, SessionHost } from './host.ts';
import { Input } from './input.ts';
import { LOOK_AHEAD_EVERY, lookAhead } from './look-ahead.ts';
import { redirect, refuse } from './refusals.ts';
import { LEAVES_AT_ONCE, WAITS_FOR_LEASE } from './withheld.ts';

/** Every so many commands one is timed; its duration counts for all of them. A power of two. */
const TIMED_EVERY = 16;
const MINUS = 0x2d;

const deniedAt: DeniedAt = { argument: 0 };

export class Session extends ClientState implements SessionPort, CommandContext {
  /** The host's notes: it will release this session at the end of the turn; it keeps it among the withheld. */
  awaited = false;
  withheld = false;
  /** Bytes of it that the host has added to its sum of withheld bytes. */
  countedBytes = 0;
  readonly keyspace: Keyspace;
  readonly node: NodePort;
  readonly #commands: CommandIndex;
  readonly #input: Input;
  readonly #decoder: RequestDecoder;
  #args: Arguments;
  /** The unit that runs reads everything: its reply waits for the newest index. */
  #readsWhole = false;
  /** A command that the host wants later. */
  #parkedEntry: CommandEntry | null = null;
  #parkedArgs: Arguments | null = null;
  /** The host let the parked command go while the output had no room: it will not say so again. */
  #parkedIsDue = false;
  #consuming = false;
  #ended = false;

  constructor(connection: ClientConnection, host: SessionHost) {
    super(connection, host);
    this.keyspace = host.keyspace;
    this.node = host.node;
    this.#commands = host.node.commands;
    this.#input = new Input(connection);
    this.#decoder = this.#input.decoder;
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

  get session(): SessionPort {
    return this;
  }

  // What the shard calls.

  /** bytes[start, end) arrived; they are not kept. Runs as many commands as it may, holds the rest. */
  feed(bytes: Uint8Array, start: number, end: number): void {
    if (this.#ended || this.closing) return;
    this.lastInputMs = this.host.turnMs;
    this.host.statistics.inputBytes += end - start;
    this.#decoder.feed(bytes, start, end);
    if (!this.#input.stopped) this.#consume();
    else if (this.blocked) this.#input.wait();
    else this.#input.stop();
  }

  /** Goes on with held input, if it may: after an overload, a park or {@link SessionHost.resumeLater}. */
  resume(): void {
    if (!this.#input.stopped || this.#consuming || this.#ended) return;
    if (this.blocked) return;
    this.#parkedIsDue = this.#mustStop();
    if (this.#parkedIsDue) return;
    this.#input.stopped = false;
    this.#consume();
    if (!this.#input.stopped && !this.#ended) this.#input.readOn();
  }

  /**
   * Sends the leading replies that wait for at most `index`: call it after commit and lease check. -1 sends what
   * waits for neither, 0 what waits for the lease alone.
   */
  release(index: number): void {
    if (this.#ended) return;
    const { output } = this;
    this.host.statistics.outputBytes += output.release(index, this.connection);
    if (this.closing && output.empty) {
      this.connection.close();
      this.#end();
    } else if (this.#input.stopped && !this.#consuming && !this.#mustStop()) {
      if (!this.#waitsForHost && !this.blocked) this.host.resumeLater(this);
    }
  }

  /** Some reply is withheld: it does not leave at once. */
  get withholding(): boolean {
    return this.output.withholding;
  }

  /** The highest index that a withheld reply waits for; -1 when none is withheld. */
  get withheldIndex(): number {
    return this.output.lastIndex;
  }

  /** Bytes of output not handed to the connection yet. */
  get withheldBytes(): number {
    return this.output.bytes;
  }

  /** Input is held back: a limit was reached, or a command is parked. */
  get stopped(): boolean {
    return this.#input.stopped;
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
    if (!this.#waitsForHost) this.resume();
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
    this.#input.setLimits(this.host.limits, !this.authRequired);
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
    if (entry.readsWhole) this.#readsWhole = true;
    this.#call(entry);
  }

  // Consuming input.

  #consume(): void {
    const { host, output } = this;
    const decoder = this.#decoder;
    this.#consuming = true;
    output.begin();
    this.#retryParked();
    // what the kernel has not taken does not change meanwhile
    const room = host.limits.withheldReplyBytes - this.connection.bufferedBytes;
    for (let done = 0; !this.closing && !this.#ended && !this.#input.stopped; done++) {
      if ((done & (LOOK_AHEAD_EVERY - 1)) === 0) lookAhead(decoder, host.keyspace);
      if (host.overloaded || output.bytesSoFar > room) {
        this.#input.stop();
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
    host.keyspace.forgetExpected();
    if (!this.#ended) host.awaitTurn(this);
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

  /** Ends the connection: a reply was larger than any may be, and stands in the output in part. */
  #overflow(from: number): void {
    const { reply } = this;
    reply.truncate(from);
    reply.overflowed = false;
    this.abort();
  }

  /** The host has yet to let a parked command go. */
  get #waitsForHost(): boolean {
    return this.#parkedEntry !== null && !this.#parkedIsDue;
  }

  #mustStop(): boolean {
    if (this.host.overloaded) return true;
    const unsent = this.withheldBytes + this.connection.bufferedBytes;
    return unsent > this.host.limits.withheldReplyBytes;
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
    // the command that runs may still read its arguments
    if (!this.#consuming) this.#decoder.close();
    this.#parkedArgs = null;
    this.#parkedEntry = null;
    this.blockedCommand = null;
    this.host.ended(this);
  }

  // One command: the checks in the order of Redis' processCommand.

  #lookUp(): void {
    const args = this.#args;
    if (this.host.users.revision === 0) {
      refuse(this, this.host, null, ERRORS.loading);
      return;
    }
    let entry = this.#commands.find(args);
    if (entry === undefined) {
      refuse(this, this.host, null, unknownCommand(args));
      return;
    }
    if (entry.subcommands.length > 0 && args.count > 1) {
      const subcommand = entry.subcommand(args);
      if (subcommand === undefined) {
        refuse(this, this.host, entry, unknownSubcommand(args, entry.name));
        return;
      }
      entry = subcommand;
    }
    this.lastCommand = entry.fullName;
    if (!entry.allowsCount(args.count) || entry.run === undefined) {
      refuse(this, this.host, entry, ERRORS.wrongArity(entry.fullName));
      return;
    }
    this.#check(entry);
  }

  #check(entry: CommandEntry): void {
    const { host } = this;
    const inMulti = this.transaction.open;
    if (this.authRequired && !entry.withoutAuth) {
      refuse(this, this.host, entry, ERRORS.noAuth);
      return;
    }
    if (inMulti && !entry.inMulti) {
      refuse(this, this.host, entry, ERRORS.notAllowedInMulti);
      return;
    }
    if (!this.user.unrestricted && !this.#allowed(entry)) return;
    const slot = this.#slotOf(entry);
    if (slot !== NOWHERE && !this.#routed(entry, slot)) return;
    if (growsMemory(entry, this.transaction) && host.outOfMemory) {
      refuse(this, this.host, entry, host.diskFull ? ERRORS.diskFull : ERRORS.outOfMemory);
    } else if (!host.loaded && !entry.whileLoading) {
      refuse(this, this.host, entry, ERRORS.loading);
    } else if (inMulti && !entry.runsInMulti) {
      this.#queue(entry);
    } else {
      this.#run(entry, slot);
    }
  }

  /** Checks the user's rights; answers and returns false when they do not suffice. */
  #allowed(entry: CommandEntry): boolean {
    const args = this.#args;
    const denial = checkRights(this.user, entry, args, deniedAt);
    if (denial === null) return true;
    const { argument } = deniedAt;
    this.logDenied(denial, denial === 'key' ? args.text(argument) : entry.fullName);
    const why = describeDenial(denial, this.user.name, entry, args, argument, false);
    refuse(this, this.host, entry, ERRORS.noPermission(why));
    return false;
  }

  /** The slot of the keys of the command, or of all that EXEC would run; {@link NOWHERE} when it needs no slot. */
  #slotOf(entry: CommandEntry): number {
    if (!entry.isExec) {
      if (!entry.touchesKeyspace && !entry.hasKeys) return NOWHERE;
      return slotOf(entry, this.#args, this.keyspace);
    }
    const { transaction } = this;
    if (!transaction.open) return NOWHERE;
    const slot = slotOfQueue(transaction, this.keyspace);
    return slot === NO_SLOT && !transaction.touchesKeyspace ? NOWHERE : slot;
  }

  /** Asks the host whether the slot is served here; answers or parks and returns false when not. */
  #routed(entry: CommandEntry, slot: number): boolean {
    if (slot === CROSS_SLOT) {
      redirect(this, this.host, entry, ERRORS.crossSlot);
      return false;
    }
    const isWrite = entry.isExec ? this.transaction.writes : entry.isWrite;
    const refusal = this.host.route(slot, isWrite, this, entry.spec);
    return refusal === null || this.#refused(entry, slot, refusal);
  }

  /** Returns true when the command is to be queued all the same. */
  #refused(entry: CommandEntry, slot: number, refusal: Refusal): boolean {
    if (refusal.kind === 'moved') {
      redirect(this, this.host, entry, ERRORS.moved(slot, refusal.endpoint));
      return false;
    }
    if (refusal.kind === 'error') {
      redirect(this, this.host, entry, refusal.line);
      return false;
    }
    if (refusal.kind === 'denied') {
      refuse(this, this.host, entry, refusal.line);
      return false;
    }
    // only what would run now has to wait: EXEC will, for all that was queued
    if (this.transaction.open && !entry.runsInMulti) return true;
    this.#parkedEntry = entry;
    this.#parkedArgs = this.#args.copy();
    this.#input.stop();
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
  #run(entry: CommandEntry, slot: number): void {
    const { host, output } = this;
    const reply = output.writer;
    const from = reply.length;
    let waitIndex = LEAVES_AT_ONCE;
    if (entry.touchesKeyspace) {
      const { effects } = host.keyspace;
      const before = effects.length;
      this.#readsWhole = entry.readsWhole;
      host.beginUnit(slot === NOWHERE ? NO_SLOT : slot);
      this.#call(entry);
      if (effects.length !== before) this.lastWrite = host.keyspace.openIndex;
      ({ waitIndex } = host.keyspace);
      if (this.#readsWhole && host.newestIndex > waitIndex) waitIndex = host.newestIndex;
      if (!host.waitsForCommit) waitIndex = WAITS_FOR_LEASE;
    } else {
      this.#call(entry);
      if (entry.waitsForOwnWrites) waitIndex = ownWrites(this, host);
    }
    if (reply.overflowed) this.#overflow(from);
    else if (this.blockedCommand !== null) this.#block();
    else output.finish(from, waitIndex);
    if (entry.touchesKeyspace) host.endUnit(waitIndex);
  }

  #block(): void {
    this.#input.wait();
    this.host.awaitWake(this);
  }

  /** Calls the command's function and counts it. */
  #call(entry: CommandEntry): void {
    const { statistics, clock } = this.host;
    const { reply } = this;
    const from = reply.length;
    const timed = (statistics.processed++ & (TIMED_EVERY - 1)) === 0;
    const startMs = timed ? clock.monotonicMs() : 0;
    statistics.calls[entry.id]++;
    const { run } = entry;
    invariant(run !== undefined, 'only commands that can run are looked up');
    run(this);
    if (timed) statistics.observe(entry.id, clock.monotonicMs() - startMs, TIMED_EVERY);
    if (reply.length > from && reply.bytes[from] === MINUS) {
      statistics.failed[entry.id]++;
      statistics.countError(errorCode(reply.bytes, from));
    }
  }
}
