/**
 * User: a Redis user. The name of the object is the name of the user. Passwords come only from Secrets.
 * Whether an access string means something to the engine is judged by the controller; here only that
 * it carries no secret.
 */
import { conditions, observedGeneration, secretKey, USER_NAME } from './blocks.ts';
import { nameRule, rule } from './rules.ts';
import type { Named, Rule } from './rules.ts';
import { choice, integer, list, object, present, required, set, text } from './schema.ts';
import type { ValueOf } from './schema.ts';

export const ACCESS_STRING_LENGTH = 4096;

export const userSpec = object('Who the user is and what it may do.', {
  accessString: required(
    text('What the user may do, in the language of ACL SETUSER: on ~* +@all.', {
      maxLength: ACCESS_STRING_LENGTH,
      pattern: '^[^\\x00-\\x1f\\x7f]*$',
    }),
  ),
  authenticationMode: required(
    object('How the user proves who it is.', {
      type: required(
        choice('password: by one of the passwords. no-password: by its name alone.', [
          'password',
          'no-password',
        ]),
      ),
      passwords: present(list('One password, or two while one replaces the other.', secretKey, 2)),
    }),
  ),
});

export type UserSpec = ValueOf<typeof userSpec>;

export const userStatus = object('What has become of the user.', {
  observedGeneration,
  phase: choice('For display; the conditions decide.', [
    'active',
    'modifying',
    'deleting',
    'failed',
  ]),
  accessString: text('The access string in its normal form.', {
    maxLength: ACCESS_STRING_LENGTH * 2,
  }),
  passwordCount: integer('Passwords in force.', { minimum: 0, maximum: 2 }),
  minimumEngineVersion: text('The oldest engine version that understands the access string.', {
    maxLength: 16,
  }),
  aclNames: present(set('The ACLs that name the user.', text('An ACL.', USER_NAME), 500)),
  conditions,
});

export type UserStatus = ValueOf<typeof userStatus>;

const SECRET_TOKEN = '(^|[ (])([><#!]|(nopass|resetpass|reset)($|[ )]))';
const SECRET_TOKEN_MATCHER = new RegExp(SECRET_TOKEN, 'i');

export const userRootRules: readonly Rule<Named>[] = [nameRule('U1')];

export const userRules: readonly Rule<UserSpec>[] = [
  rule({
    id: 'U2',
    name: 'NoSecrets',
    field: 'accessString',
    cel: `!self.accessString.matches('(?i)${SECRET_TOKEN}')`,
    message:
      'accessString must hold no password: no word that begins with > < # or !, no nopass, resetpass or ' +
      'reset; use authenticationMode',
    check: (self) => !SECRET_TOKEN_MATCHER.test(self.accessString),
  }),
  rule({
    id: 'U3',
    name: 'PasswordsMatchType',
    field: 'authenticationMode',
    cel:
      "(self.authenticationMode.type == 'password') == " +
      '(self.authenticationMode.?passwords.orValue([]).size() > 0)',
    message: 'authenticationMode.passwords must be given exactly when its type is password',
    check: (self) =>
      (self.authenticationMode.type === 'password') ===
      self.authenticationMode.passwords.length > 0,
  }),
];
