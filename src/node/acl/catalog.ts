/**
 * The commands as access rules see them: names, categories and a dense id each. `#node/acl` knows no
 * command by itself; the node fills a catalog from its command table. The operator, which has no command
 * table, checks access strings without one.
 */
import type { AclCategoryName } from './categories.ts';

/** A command or subcommand. Containers (CLIENT, CLUSTER…) have an id of their own. */
export interface AclCommand {
  /** 0 to `CommandCatalog.size` - 1. */
  readonly id: number;
  /** Lower case: `get`, `client|list`. */
  readonly name: string;
  readonly categories: readonly AclCategoryName[];
  readonly subcommands: readonly AclCommand[];
  readonly isSubcommand: boolean;
}

export class CommandCatalog {
  readonly size: number;
  readonly #byName = new Map<string, AclCommand>();
  readonly #byCategory = new Map<string, AclCommand[]>();

  /** @param commands top-level commands; ids over these and their subcommands are dense and unique. */
  constructor(commands: readonly AclCommand[]) {
    let size = 0;
    const visit = (command: AclCommand): void => {
      size++;
      this.#byName.set(command.name, command);
      for (const category of command.categories) {
        const of = this.#byCategory.get(category);
        if (of === undefined) this.#byCategory.set(category, [command]);
        else of.push(command);
      }
      for (const sub of command.subcommands) visit(sub);
    };
    for (const command of commands) visit(command);
    this.size = size;
  }

  /** By full lower-case name, `client|list` for a subcommand. */
  find(name: string): AclCommand | undefined {
    return this.#byName.get(name);
  }

  /** Commands and subcommands of a category, in table order. */
  inCategory(category: AclCategoryName): readonly AclCommand[] {
    return this.#byCategory.get(category) ?? [];
  }
}
