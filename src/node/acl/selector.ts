/**
 * One selector of a user: which commands, keys and channels it allows. A user has a root selector and may
 * have more in parentheses; a command is allowed when any one selector allows all of it.
 *
 * The verdict is prepared while the rules are read: one bit a command id, so that checking costs an
 * array read. What the rules said is kept as text beside it, as Redis 7.2 does, for ACL LIST and GETUSER.
 */
import { latin1, utf8 } from '#base/bytes.ts';
import type { AclCommand, CommandCatalog } from './catalog.ts';
import { isCategory } from './categories.ts';
import { globMatches } from './glob.ts';

/** What is done with a key; a pattern must allow every part of it. */
export const KEY_READ = 1;
export const KEY_WRITE = 2;
export const KEY_READ_WRITE = 3;

interface KeyPattern {
  readonly pattern: Uint8Array;
  readonly text: string;
  access: number;
}

/** What is wrong with a rule, in Redis' words. */
export const RULE_ERRORS = {
  syntax: 'Syntax error',
  unknownCommand: 'Unknown command or category name in ACL',
  uselessKeyPattern:
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any " +
    "effect. Try 'resetkeys' to start with an empty list of patterns",
  uselessChannelPattern:
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any " +
    "effect. Try 'resetchannels' to start with an empty list of channels",
  subcommandArgument: 'Allowing first-arg of a subcommand is not supported',
} as const;

export type RuleError = (typeof RULE_ERRORS)[keyof typeof RULE_ERRORS];

export class Selector {
  /** Every command is allowed, also such as come later; one rule that takes some away ends it. */
  allCommands = false;
  allKeys = false;
  allChannels = false;
  readonly #catalog: CommandCatalog | null;
  readonly #allowed: Uint8Array;
  /** Per command id the allowed first arguments, lower case: `+select|0`. */
  readonly #firstArguments = new Map<number, string[]>();
  /** The last of `+@all` and `-@all` was the former: where the text of the rules starts from. */
  #startsFromAll = false;
  #rules: { readonly allow: boolean; readonly what: string }[] = [];
  #keys: KeyPattern[] = [];
  #channels: { readonly pattern: Uint8Array; readonly text: string }[] = [];

  /** @param catalog null: command names are not looked up (checking an access string outside a node). */
  constructor(catalog: CommandCatalog | null) {
    this.#catalog = catalog;
    this.#allowed = new Uint8Array(catalog?.size ?? 0);
  }

  /** True when there is nothing to check. */
  get unrestricted(): boolean {
    return this.allCommands && this.allKeys && this.allChannels;
  }

  /** Applies one rule (`+get`, `~user:*`, `resetkeys`…); returns what is wrong with it, or null. */
  apply(rule: string): RuleError | null {
    switch (rule.toLowerCase()) {
      case 'allkeys':
      case '~*':
        this.allKeys = true;
        this.#keys = [];
        return null;
      case 'resetkeys':
        this.allKeys = false;
        this.#keys = [];
        return null;
      case 'allchannels':
      case '&*':
        this.allChannels = true;
        this.#channels = [];
        return null;
      case 'resetchannels':
        this.allChannels = false;
        this.#channels = [];
        return null;
      case 'allcommands':
      case '+@all':
        this.#setAll(true);
        return null;
      case 'nocommands':
      case '-@all':
        this.#setAll(false);
        return null;
      default:
        return this.#applyOther(rule);
    }
  }

  #applyOther(rule: string): RuleError | null {
    switch (rule[0]) {
      case '~':
      case '%':
        return this.#addKeyPattern(rule);
      case '&':
        return this.#addChannelPattern(rule.slice(1));
      case '+':
      case '-':
        if (rule[1] === '@') return this.#applyCategory(rule);
        return this.#applyCommand(rule.slice(1), rule[0] === '+');
      default:
        return RULE_ERRORS.syntax;
    }
  }

  /** May the command (or subcommand) `id` run, whatever its arguments? */
  allowsId(id: number): boolean {
    return this.#allowed[id] === 1;
  }

  /** Some command may run with certain first arguments only: ask {@link allowsFirst}. */
  get hasFirstArguments(): boolean {
    return this.#firstArguments.size > 0;
  }

  /** May the command `id` run with this first argument, though it may not with others? */
  allowsFirst(id: number, argument: string): boolean {
    return this.#firstArguments.get(id)?.includes(argument.toLowerCase()) ?? false;
  }

  /** May bytes[start, end) be used as a key for `access` ({@link KEY_READ} | {@link KEY_WRITE})? */
  allowsKey(bytes: Uint8Array, start: number, end: number, access: number): boolean {
    if (this.allKeys) return true;
    for (const key of this.#keys) {
      if ((key.access & access) === access && globMatches(key.pattern, bytes, start, end))
        return true;
    }
    return false;
  }

  /**
   * May bytes[start, end) be used as a channel? `literal`: it is itself a pattern (PSUBSCRIBE), which must
   * then be one of the allowed patterns as it is written.
   */
  allowsChannel(bytes: Uint8Array, start: number, end: number, literal: boolean): boolean {
    if (this.allChannels) return true;
    for (const { pattern } of this.#channels) {
      if (literal) {
        if (latin1(pattern) === latin1(bytes, start, end)) return true;
      } else if (globMatches(pattern, bytes, start, end)) {
        return true;
      }
    }
    return false;
  }

  /** `+@all -@dangerous`: always starts from all or nothing. */
  describeCommands(): string {
    let out = this.#startsFromAll ? '+@all' : '-@all';
    for (const { allow, what } of this.#rules) out += ` ${allow ? '+' : '-'}${what}`;
    return out;
  }

  /** `~a:* %R~b:*`, or '' for none. */
  describeKeys(): string {
    if (this.allKeys) return '~*';
    return this.#keys.map(({ access, text }) => PREFIX[access] + text).join(' ');
  }

  /** `&news:*`, or '' for none. */
  describeChannels(): string {
    if (this.allChannels) return '&*';
    return this.#channels.map(({ text }) => `&${text}`).join(' ');
  }

  /** The whole selector in normal form. */
  describe(): string {
    const channels = this.allChannels ? '&*' : `resetchannels ${this.describeChannels()}`.trim();
    return `${this.describeKeys()} ${channels} ${this.describeCommands()}`.trim();
  }

  #setAll(allow: boolean): void {
    this.allCommands = allow;
    this.#startsFromAll = allow;
    this.#allowed.fill(allow ? 1 : 0);
    this.#firstArguments.clear();
    this.#rules = [];
  }

  #addKeyPattern(rule: string): RuleError | null {
    let access = 0;
    let at = 1;
    if (rule[0] === '%') {
      for (; at < rule.length && rule[at] !== '~'; at++) {
        const bit = rule[at].toUpperCase() === 'R' ? KEY_READ : KEY_WRITE;
        if (!/[rw]/i.test(rule[at]) || (access & bit) !== 0) return RULE_ERRORS.syntax;
        access |= bit;
      }
      if (access === 0 || rule[at] !== '~') return RULE_ERRORS.syntax;
      at++;
    } else {
      access = KEY_READ_WRITE;
    }
    if (this.allKeys) return RULE_ERRORS.uselessKeyPattern;
    const text = rule.slice(at);
    if (hasSpace(text)) return RULE_ERRORS.syntax;
    const known = this.#keys.find((key) => key.text === text);
    if (known !== undefined) known.access |= access;
    else this.#keys.push({ pattern: utf8(text), text, access });
    return null;
  }

  #addChannelPattern(text: string): RuleError | null {
    if (this.allChannels) return RULE_ERRORS.uselessChannelPattern;
    if (hasSpace(text)) return RULE_ERRORS.syntax;
    if (!this.#channels.some((channel) => channel.text === text)) {
      this.#channels.push({ pattern: utf8(text), text });
    }
    return null;
  }

  #applyCategory(rule: string): RuleError | null {
    const category = rule.slice(2).toLowerCase();
    if (!isCategory(category)) return RULE_ERRORS.unknownCommand;
    const allow = rule[0] === '+';
    for (const { id } of this.#catalog?.inCategory(category) ?? []) {
      this.#allowed[id] = allow ? 1 : 0;
      this.#firstArguments.delete(id);
    }
    this.#record(`@${category}`, allow);
    return null;
  }

  #applyCommand(written: string, allow: boolean): RuleError | null {
    const name = written.toLowerCase();
    if (this.#catalog === null) return this.#recordUnchecked(name, allow);
    const command = this.#catalog.find(name);
    if (command !== undefined) {
      this.#setCommand(command, allow);
      this.#record(name, allow);
      return null;
    }
    // `+cmd|argument`: an argument of a command without subcommands; may only be allowed
    const bar = name.lastIndexOf('|');
    if (!allow || bar === -1) return RULE_ERRORS.unknownCommand;
    const parent = this.#catalog.find(name.slice(0, bar));
    if (parent === undefined) return RULE_ERRORS.unknownCommand;
    if (parent.isSubcommand) return RULE_ERRORS.subcommandArgument;
    const argument = name.slice(bar + 1);
    if (argument === '') return RULE_ERRORS.syntax;
    if (parent.subcommands.length > 0) return RULE_ERRORS.unknownCommand;
    const allowed = this.#firstArguments.get(parent.id) ?? [];
    if (!allowed.includes(argument)) allowed.push(argument);
    this.#firstArguments.set(parent.id, allowed);
    this.#record(name, true);
    return null;
  }

  #setCommand(command: AclCommand, allow: boolean): void {
    this.#allowed[command.id] = allow ? 1 : 0;
    this.#firstArguments.delete(command.id);
    for (const sub of command.subcommands) this.#setCommand(sub, allow);
  }

  #recordUnchecked(name: string, allow: boolean): RuleError | null {
    if (!/^[a-z0-9_.-]+(\|[^|\s]+)?$/.test(name)) return RULE_ERRORS.unknownCommand;
    this.#record(name, allow);
    return null;
  }

  /** Keeps the rule's text; a later rule on the same command replaces it and those on its subcommands. */
  #record(what: string, allow: boolean): void {
    const kept = this.#rules.filter((r) => r.what !== what && !r.what.startsWith(`${what}|`));
    kept.push({ allow, what });
    if (!allow) this.allCommands = false;
    this.#rules = kept;
  }
}

const PREFIX = ['', '%R~', '%W~', '~'];

function hasSpace(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /[\s\0]/.test(text);
}
