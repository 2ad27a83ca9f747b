/** Redis' ACL categories, in the order of ACL CAT (redis.io/docs/management/security/acl). */
export const ACL_CATEGORIES = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
] as const;

export type AclCategoryName = (typeof ACL_CATEGORIES)[number];

const KNOWN: ReadonlySet<string> = new Set(ACL_CATEGORIES);

export function isCategory(name: string): name is AclCategoryName {
  return KNOWN.has(name);
}
