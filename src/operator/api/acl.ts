/** ACL: the users that a cluster admits. */
import { conditions, observedGeneration, USER_NAME } from './blocks.ts';
import { nameRule, rule } from './rules.ts';
import type { Named, Rule } from './rules.ts';
import { choice, object, present, set, text } from './schema.ts';
import type { ValueOf } from './schema.ts';

/** The ACL that exists without an object: everyone may do everything. */
export const OPEN_ACCESS = 'open-access';

const userName = text('The name of a User.', USER_NAME);

export const aclSpec = object('Who is admitted.', {
  userNames: present(
    set(
      'The users admitted; nobody when empty. The user default is off unless a User of that name exists.',
      userName,
      100,
    ),
  ),
});

export type AclSpec = ValueOf<typeof aclSpec>;

export const aclStatus = object('What has become of the ACL.', {
  observedGeneration,
  phase: choice('For display; the conditions decide.', [
    'active',
    'modifying',
    'deleting',
    'failed',
  ]),
  userNames: present(set('The users admitted.', userName, 100)),
  clusters: present(set('The clusters that use the ACL.', text('A cluster.', USER_NAME), 500)),
  pendingChanges: object('Changes that not every member has yet.', {
    userNamesToAdd: present(set('Users about to be admitted.', userName, 100)),
    userNamesToRemove: present(set('Users about to be refused.', userName, 100)),
  }),
  conditions,
});

export type AclStatus = ValueOf<typeof aclStatus>;

export const aclRootRules: readonly Rule<Named>[] = [
  nameRule('A1'),
  rule({
    id: 'A2',
    name: 'NotOpenAccess',
    field: 'metadata.name',
    cel: `self.metadata.name != '${OPEN_ACCESS}'`,
    message: `${OPEN_ACCESS} is built in and cannot be defined`,
    check: (self) => self.metadata.name !== OPEN_ACCESS,
  }),
];
