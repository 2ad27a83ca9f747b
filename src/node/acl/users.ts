/**
 * The users of a member. They come from the transaction log (a SETTINGS entry), all at once and with a
 * revision; nothing a client sends changes them.
 */
import {
  type AccessError,
  describeAccess,
  isAccessError,
  parseAccessString,
} from './access-string.ts';
import type { CommandCatalog } from './catalog.ts';
import { Selector } from './selector.ts';
import { equalDigests, sha256 } from './sha256.ts';

/** The user that a new connection is, until it authenticates as another. */
export const DEFAULT_USER = 'default';

/** A user as the settings entry has it. */
export interface UserDefinition {
  readonly name: string;
  readonly on: boolean;
  /** SHA-256 digests as 64 lower-case hexadecimal digits. */
  readonly passwordSha256: readonly string[];
  /** Any password will do. */
  readonly noPassword: boolean;
  /** Says what may be done; `on` and `off` in it mean nothing here. */
  readonly accessString: string;
}

export class User {
  readonly name: string;
  readonly on: boolean;
  readonly noPassword: boolean;
  readonly selectors: readonly [Selector, ...Selector[]];
  /** May do anything: nothing needs checking. */
  readonly unrestricted: boolean;
  readonly #passwords: readonly string[];

  constructor(definition: UserDefinition, selectors: readonly [Selector, ...Selector[]]) {
    this.name = definition.name;
    this.on = definition.on;
    this.noPassword = definition.noPassword;
    this.selectors = selectors;
    this.unrestricted = selectors.some((selector) => selector.unrestricted);
    this.#passwords = definition.passwordSha256;
  }

  get passwordCount(): number {
    return this.#passwords.length;
  }

  /** Whether `password` opens this user. Takes equally long wherever it is wrong. */
  accepts(password: Uint8Array): boolean {
    if (!this.on) return false;
    if (this.noPassword) return true;
    const digest = sha256(password);
    let found = false;
    for (const known of this.#passwords) {
      if (equalDigests(known, digest)) found = true;
    }
    return found;
  }

  /** ACL GETUSER's flags. */
  get flags(): readonly string[] {
    const flags = [this.on ? 'on' : 'off'];
    if (this.noPassword) flags.push('nopass');
    flags.push('sanitize-payload');
    return flags;
  }

  /** One line of ACL LIST. Password digests are not shown: unsalted, they are as good as short passwords. */
  describe(): string {
    return `user ${this.name} ${this.flags.join(' ')} ${describeAccess(this.selectors)}`;
  }
}

export class UserTable {
  readonly revision: number;
  /** The user that a new connection is. */
  readonly default: User;
  /** True when a connection may run commands without AUTH. */
  readonly isOpen: boolean;
  readonly #users: ReadonlyMap<string, User>;

  /** Without arguments: nobody, revision 0, what a member has before its first settings entry. */
  constructor(revision = 0, users: ReadonlyMap<string, User> = new Map()) {
    this.revision = revision;
    this.#users = users;
    this.default = users.get(DEFAULT_USER) ?? UserTable.nobody;
    this.isOpen = this.default.on && this.default.noPassword;
  }

  /** What a connection is while there is no user `default`: may do nothing, and nobody can become it. */
  static readonly nobody: User = new User(
    { name: DEFAULT_USER, on: false, passwordSha256: [], noPassword: false, accessString: '' },
    [new Selector(null)],
  );

  /**
   * The table of `definitions`, or the first error found. The node applies only what the operator has checked,
   * but an older node may not know a newer command: such a user is then refused as a whole, never widened.
   */
  static of(
    revision: number,
    definitions: readonly UserDefinition[],
    catalog: CommandCatalog,
  ): UserTable | AccessError {
    const users = new Map<string, User>();
    for (const definition of definitions) {
      const rules = parseAccessString(definition.accessString, catalog);
      if (isAccessError(rules)) {
        return { ...rules, message: `user ${definition.name}: ${rules.message}` };
      }
      users.set(definition.name, new User(definition, rules.selectors));
    }
    return new UserTable(revision, users);
  }

  find(name: string): User | undefined {
    return this.#users.get(name);
  }

  /** In ascending order of names, as ACL LIST and ACL USERS. */
  get all(): readonly User[] {
    return [...this.#users.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
