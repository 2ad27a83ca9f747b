/**
 * Settings to the table of users. A user whose rules this version does not understand is left out as a
 * whole, never widened, and the others stand.
 */
import { invariant } from '#base/invariant.ts';
import type { CommandCatalog } from '#node/acl/catalog.ts';
import { type UserDefinition, UserTable } from '#node/acl/users.ts';

export interface UsersOfSettings {
  readonly table: UserTable;
  /** Why users were left out, in words. */
  readonly refused: readonly string[];
}

/** @param revision 0 for "no settings yet", with no users. */
export function usersOf(
  revision: number,
  users: readonly UserDefinition[],
  catalog: CommandCatalog,
): UsersOfSettings {
  const refused: string[] = [];
  const understood: UserDefinition[] = [];
  for (const user of users) {
    const alone = UserTable.of(revision, [user], catalog);
    if (alone instanceof UserTable) understood.push(user);
    else refused.push(alone.message);
  }
  const table = UserTable.of(revision, understood, catalog);
  invariant(table instanceof UserTable, 'users that are understood alone are understood together');
  return { table, refused };
}
