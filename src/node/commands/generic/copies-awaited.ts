/**
 * What WAIT and WAITAOF wait for: that so many members have the connection's last write, and so all before it, on
 * disk. A replica is another data member; log members hold no keyspace, so they are not counted, although they
 * count for the majority that a reply to a write waits for with `durability: sync`.
 */
import type { BlockedCommand } from '#node/commands/blocked-command.ts';
import type { CommandContext } from '#node/commands/spec.ts';

export class CopiesAwaited implements BlockedCommand {
  readonly #write: number;
  readonly #locals: number;
  readonly #replicas: number;
  readonly #answer: (context: CommandContext, locals: number, replicas: number) => void;

  /**
   * @param write the batch to wait for (`SessionPort.lastWrite`)
   * @param locals 1 if this member must have it on disk, else 0
   * @param replicas other data members that must
   */
  constructor(
    write: number,
    locals: number,
    replicas: number,
    answer: (context: CommandContext, locals: number, replicas: number) => void,
  ) {
    this.#write = write;
    this.#locals = locals;
    this.#replicas = replicas;
    this.#answer = answer;
  }

  tryAnswer(context: CommandContext): boolean {
    const locals = context.node.holds(this.#write) ? 1 : 0;
    const replicas = context.node.replicasHolding(this.#write);
    if (locals < this.#locals || replicas < this.#replicas) return false;
    this.#answer(context, locals, replicas);
    return true;
  }

  giveUp(context: CommandContext): void {
    const { node } = context;
    this.#answer(context, node.holds(this.#write) ? 1 : 0, node.replicasHolding(this.#write));
  }
}

/** Answers now if that can be; else, unless the command runs in EXEC, when it can or `timeoutMs` have passed. */
export function awaitCopies(
  context: CommandContext,
  copies: CopiesAwaited,
  timeoutMs: number,
): void {
  if (copies.tryAnswer(context)) return;
  if (context.session.inTransaction) copies.giveUp(context);
  else context.session.block(copies, timeoutMs);
}
