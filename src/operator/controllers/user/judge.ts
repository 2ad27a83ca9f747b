/**
 * Is a User usable, and as what? Pure: the passwords have been read, only their digests come here. The
 * verdict serves the User's own status and the settings of every cluster that admits it.
 */
import { describeAccess, isAccessError, parseAccessString } from '#node/acl/access-string.ts';
import type { ConditionIntent, USER_CONDITIONS } from '#operator/api/conditions.ts';
import type { User } from '#operator/api/kinds.ts';
import { describeErrors } from '#operator/api/parse.ts';
import type { Parsed } from '#operator/api/parse.ts';
import type { UserSetting } from '#operator/nodeclient/wire.ts';

/** MemoryDB's bounds, in bytes. */
export const PASSWORD_BYTES = { least: 16, most: 128 } as const;

/** What became of one reference to a password. */
export type Password =
  | { readonly state: 'ok'; readonly sha256: string }
  | {
      readonly state: 'SecretNotFound' | 'SecretKeyMissing' | 'PasswordLength';
      readonly message: string;
    };

export type UserIntent = ConditionIntent<typeof USER_CONDITIONS>;

export interface UserVerdict {
  /** null: not usable as it is. */
  readonly setting: UserSetting | null;
  readonly accepted: UserIntent;
  readonly ready: UserIntent;
  /** The access string in its normal form; '' when it has none. */
  readonly accessString: string;
  readonly passwordCount: number;
  readonly minimumEngineVersion: string;
}

/** Judges `user` with the passwords that its Secrets hold, in the order of its spec. */
export function judgeUser(user: Parsed<User>, passwords: readonly Password[]): UserVerdict {
  if (!user.ok) return refused('Invalid', describeErrors(user.errors));
  const { metadata, spec } = user.value;
  const rules = parseAccessString(spec.accessString, null);
  if (isAccessError(rules)) return refused('AccessStringInvalid', rules.message);
  const on = rules.on ?? false;
  const access = describeAccess(rules.selectors);
  const digests = passwords.flatMap((password) =>
    password.state === 'ok' ? [password.sha256] : [],
  );
  const accepted: UserIntent = {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: 'the user is valid',
  };
  const common = {
    accepted,
    accessString: `${on ? 'on' : 'off'} ${access}`,
    passwordCount: digests.length,
    minimumEngineVersion: needsSelectors(spec.accessString) ? '7.0' : '6.2',
  };
  const broken = passwords.find((password) => password.state !== 'ok');
  if (broken !== undefined) {
    const { state: reason, message } = broken;
    return { ...common, setting: null, ready: { type: 'Ready', status: 'False', reason, message } };
  }
  const setting: UserSetting = {
    name: metadata.name,
    on,
    passwordSha256: digests,
    noPassword: spec.authenticationMode.type === 'no-password',
    accessString: spec.accessString,
  };
  const message = on ? 'ready for use by ACLs' : 'ready, but its access string does not say on';
  return {
    ...common,
    setting,
    ready: { type: 'Ready', status: 'True', reason: 'Active', message },
  };
}

/** Selectors and key permissions came with 7.0. */
function needsSelectors(accessString: string): boolean {
  return /[(%]/.test(accessString);
}

function refused(reason: 'Invalid' | 'AccessStringInvalid', message: string): UserVerdict {
  return {
    setting: null,
    accepted: { type: 'Accepted', status: 'False', reason, message },
    ready: { type: 'Ready', status: 'False', reason: 'NotAccepted', message },
    accessString: '',
    passwordCount: 0,
    minimumEngineVersion: '6.2',
  };
}
