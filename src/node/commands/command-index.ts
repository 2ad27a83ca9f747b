/**
 * What the server derives from the command table once: a dense id for each command and subcommand (access
 * rights and statistics are arrays by it), its full name, its flags as booleans, and the catalog of `#node/acl`.
 */
import { type AclCommand, CommandCatalog } from '#node/acl/catalog.ts';
import { ACL_CATEGORIES, type AclCategoryName } from '#node/acl/categories.ts';
import { KEY_READ, KEY_WRITE } from '#node/acl/selector.ts';
import { invariant } from '#base/invariant.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { CommandNames } from './command-names.ts';
import type { CommandContext, CommandSpec, KeyFlag, KeySpec } from './spec.ts';

/** Commands that run inside MULTI instead of being queued (Redis: processCommand). */
const RUN_IN_MULTI: ReadonlySet<string> = new Set([
  'exec',
  'discard',
  'multi',
  'watch',
  'quit',
  'reset',
]);

export class CommandEntry {
  readonly spec: CommandSpec;
  readonly container: CommandEntry | null;
  readonly id: number;
  /** As the spec has it: of a subcommand without its container's. */
  readonly name: string;
  /** `get`, `client|list`. */
  readonly fullName: string;
  /** In the order of ACL CAT, implied ones included. */
  readonly categories: readonly AclCategoryName[];
  readonly subcommands: readonly CommandEntry[];
  readonly isWrite: boolean;
  readonly isReadOnly: boolean;
  readonly denyOom: boolean;
  /** Runs while the member is loading. */
  readonly whileLoading: boolean;
  /** Runs before authentication. */
  readonly withoutAuth: boolean;
  /** May be sent inside MULTI. */
  readonly inMulti: boolean;
  /** Runs inside MULTI at once; others are queued. */
  readonly runsInMulti: boolean;
  readonly isExec: boolean;
  readonly hasKeys: boolean;
  /** Reads or changes the keyspace. */
  readonly touchesKeyspace: boolean;
  /** Its reply waits for the last write of its connection (scope `own-writes`). */
  readonly waitsForOwnWrites: boolean;
  /** Its reply waits for the newest index (scope `whole`). */
  readonly readsWhole: boolean;
  /** Where its only key stands, when that is always there; 0 when keys have to be looked for. */
  readonly keyAt: number;
  /** What it does with that key ({@link accessOf}) whatever the arguments; -1 when that has to be looked for. */
  readonly keyAccess: number;
  readonly run: ((context: CommandContext) => void) | undefined;
  readonly #fewestArguments: number;
  readonly #mostArguments: number;
  readonly #subcommandNames: CommandNames<CommandEntry> | null;

  constructor(spec: CommandSpec, container: CommandEntry | null, nextId: () => number) {
    const flags = new Set(spec.flags);
    this.spec = spec;
    this.container = container;
    this.id = nextId();
    this.name = spec.name;
    this.fullName = container === null ? spec.name : `${container.fullName}|${spec.name}`;
    this.categories = effectiveCategories(spec);
    this.isWrite = flags.has('write');
    this.isReadOnly = flags.has('readonly');
    this.denyOom = flags.has('denyoom');
    this.whileLoading = flags.has('loading');
    this.withoutAuth = flags.has('no_auth');
    this.inMulti = !flags.has('no_multi');
    this.runsInMulti = container === null && RUN_IN_MULTI.has(spec.name);
    this.isExec = container === null && spec.name === 'exec';
    this.hasKeys = spec.keys.length > 0;
    this.waitsForOwnWrites = spec.scope === 'own-writes';
    this.touchesKeyspace = spec.scope === 'keys' || spec.scope === 'whole' || this.isWrite;
    this.readsWhole = spec.scope === 'whole';
    this.keyAt = placeOfOnlyKey(spec);
    const [key] = spec.keys;
    const isPlain = this.keyAt > 0 && key.flagsFor === undefined && !key.flags.includes('not_key');
    this.keyAccess = isPlain ? accessOf(key.flags) : -1;
    this.run = spec.run;
    this.#fewestArguments = Math.abs(spec.arity);
    this.#mostArguments = spec.arity < 0 ? Infinity : spec.arity;
    this.subcommands = (spec.subcommands ?? []).map((sub) => new CommandEntry(sub, this, nextId));
    this.#subcommandNames =
      this.subcommands.length === 0 ? null : new CommandNames(this.subcommands);
  }

  /** May it have `count` arguments, its name (and its container's) included? */
  allowsCount(count: number): boolean {
    return count >= this.#fewestArguments && count <= this.#mostArguments;
  }

  /** The subcommand that `args` name by their second argument. */
  subcommand(args: Arguments): CommandEntry | undefined {
    if (args.count < 2 || this.#subcommandNames === null) return undefined;
    return this.#subcommandNames.find(args.bytes, args.start(1), args.end(1));
  }
}

/** The index of the key of a command that always has one in that place and no other; 0 for other commands. */
function placeOfOnlyKey({ keys, arity }: CommandSpec): number {
  if (keys.length !== 1) return 0;
  const [{ begin, find }] = keys;
  if (!('index' in begin) || !('last' in find) || find.last !== 0) return 0;
  return begin.index < Math.abs(arity) ? begin.index : 0;
}

/** The categories of a command with those that its flags imply (Redis: setImplicitACLCategories). */
function effectiveCategories(spec: CommandSpec): readonly AclCategoryName[] {
  const all = new Set<AclCategoryName>(spec.categories);
  const { flags } = spec;
  if (flags.includes('write')) all.add('write');
  if (flags.includes('readonly') && !all.has('scripting')) all.add('read');
  if (flags.includes('admin')) all.add('admin').add('dangerous');
  if (flags.includes('pubsub')) all.add('pubsub');
  if (flags.includes('blocking')) all.add('blocking');
  all.add(flags.includes('fast') ? 'fast' : 'slow');
  return ACL_CATEGORIES.filter((category) => all.has(category));
}

/** What `args` do with the keys of `spec`, one of their command's. */
export function keyFlags(spec: KeySpec, args: Arguments): readonly KeyFlag[] {
  return spec.flagsFor === undefined ? spec.flags : spec.flagsFor(args);
}

/** What key flags need of an access pattern: {@link KEY_READ} and {@link KEY_WRITE}. */
export function accessOf(flags: readonly KeyFlag[]): number {
  let access = 0;
  for (const flag of flags) {
    if (flag === 'access') access |= KEY_READ;
    else if (flag === 'insert' || flag === 'delete' || flag === 'update') access |= KEY_WRITE;
  }
  return access;
}

export class CommandIndex {
  /** Top-level commands in table order. */
  readonly commands: readonly CommandEntry[];
  readonly catalog: CommandCatalog;
  readonly size: number;
  readonly #bySpec = new Map<CommandSpec, CommandEntry>();
  readonly #byName = new Map<string, CommandEntry>();
  readonly #byId: CommandEntry[] = [];
  readonly #names: CommandNames<CommandEntry>;

  constructor(specs: readonly CommandSpec[]) {
    let next = 0;
    this.commands = specs.map((spec) => new CommandEntry(spec, null, () => next++));
    const add = (entry: CommandEntry): void => {
      this.#bySpec.set(entry.spec, entry);
      this.#byName.set(entry.fullName, entry);
      this.#byId[entry.id] = entry;
      for (const sub of entry.subcommands) add(sub);
    };
    for (const entry of this.commands) add(entry);
    this.#names = new CommandNames(this.commands);
    this.size = next;
    this.catalog = new CommandCatalog(this.commands.map(toAcl));
  }

  /** The command that `args` name by their first argument; of a container see {@link CommandEntry.subcommand}. */
  find(args: Arguments): CommandEntry | undefined {
    return this.#names.find(args.bytes, args.start(0), args.end(0));
  }

  of(spec: CommandSpec): CommandEntry {
    const entry = this.#bySpec.get(spec);
    invariant(entry !== undefined, `${spec.name} is in the command table`);
    return entry;
  }

  /** By full name in lower case: `get`, `client|list`. */
  byName(name: string): CommandEntry | undefined {
    return this.#byName.get(name);
  }

  byId(id: number): CommandEntry {
    return this.#byId[id];
  }
}

function toAcl(entry: CommandEntry): AclCommand {
  return {
    id: entry.id,
    name: entry.fullName,
    categories: entry.categories,
    subcommands: entry.subcommands.map(toAcl),
    isSubcommand: entry.container !== null,
  };
}
