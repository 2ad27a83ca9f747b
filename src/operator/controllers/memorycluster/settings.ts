/**
 * The settings that the members shall have: users out of the ACL, under a revision that only rises. They are
 * kept in a Secret before any shard is given them, so that every shard gets the same content under the same
 * revision, whenever the operator is killed. Pure.
 */
import type { Settings, UserSetting } from '#operator/nodeclient/wire.ts';
import type { AclFacts } from './observed.ts';

/** The user that a connection is before it says who it is. */
const DEFAULT_USER = 'default';

/** Everyone may do everything: the ACL that exists without an object. */
const EVERYONE: UserSetting = {
  name: DEFAULT_USER,
  on: true,
  passwordSha256: [],
  noPassword: true,
  accessString: 'on ~* &* +@all',
};

/** What `default` is in an ACL that has no User of that name: there, and nobody. */
const NOBODY: UserSetting = {
  name: DEFAULT_USER,
  on: false,
  passwordSha256: [],
  noPassword: false,
  accessString: 'off -@all',
};

export interface SettingsDecision {
  readonly settings: Settings;
  /** Differs from what is kept: store it first. */
  readonly changed: boolean;
}

/**
 * What the members shall have. A missing ACL keeps what was applied last, and admits nobody where nothing was. A
 * user that cannot be used as it is keeps its last applied state; one that is gone is revoked.
 * @param newestRevision the highest revision that any member reports
 */
export function decideSettings(
  acl: AclFacts,
  kept: Settings | null,
  newestRevision: number,
): SettingsDecision {
  const users = desiredUsers(acl, kept);
  const same = kept !== null && kept.revision >= newestRevision && sameUsers(kept.users, users);
  if (same) return { settings: kept, changed: false };
  const revision = Math.max(kept?.revision ?? 0, newestRevision) + 1;
  return { settings: { revision, users, parameters: {} }, changed: true };
}

function desiredUsers(acl: AclFacts, kept: Settings | null): readonly UserSetting[] {
  if (acl.state === 'open') return [EVERYONE];
  if (acl.state === 'missing') return kept?.users ?? [NOBODY];
  const users: UserSetting[] = [];
  for (const { name, setting } of acl.users) {
    const last = kept?.users.find((user) => user.name === name && !isBuiltIn(user));
    if (setting !== null) users.push(setting);
    else if (last !== undefined) users.push(last);
  }
  if (!users.some((user) => user.name === DEFAULT_USER)) users.push(NOBODY);
  return users.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Made by us, not from a User: it must not outlive the ACL that it was made for. */
function isBuiltIn(user: UserSetting): boolean {
  return sameUsers([user], [EVERYONE]) || sameUsers([user], [NOBODY]);
}

function sameUsers(one: readonly UserSetting[], other: readonly UserSetting[]): boolean {
  return JSON.stringify(one.map(canonical)) === JSON.stringify(other.map(canonical));
}

function canonical(user: UserSetting): readonly unknown[] {
  const { name, on, noPassword, accessString, passwordSha256 } = user;
  return [name, on, noPassword, accessString, ...passwordSha256];
}
