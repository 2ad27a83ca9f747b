/** Reads a User and the passwords that it refers to. Passwords are digested here and go no further. */
import { createHash } from 'node:crypto';
import { REFERENCED_SECRET_MS, secretBytes } from '#operator/controllers/secrets.ts';
import { parsed } from '#operator/controllers/world.ts';
import type { World } from '#operator/controllers/world.ts';
import type { KubeObject } from '#operator/kube/object.ts';
import { judgeUser, PASSWORD_BYTES } from './judge.ts';
import type { Password, UserVerdict } from './judge.ts';

/** The verdict on the User `object`, with its Secrets as they are now. */
export async function observeUser(world: World, object: KubeObject): Promise<UserVerdict> {
  const user = parsed('User', object);
  if (!user.ok) return judgeUser(user, []);
  const { namespace = '' } = object.metadata;
  const passwords: Password[] = [];
  for (const reference of user.value.spec.authenticationMode.passwords) {
    passwords.push(await readPassword(world, namespace, reference));
  }
  return judgeUser(user, passwords);
}

async function readPassword(
  world: World,
  namespace: string,
  reference: { readonly name: string; readonly key: string },
): Promise<Password> {
  const { name, key } = reference;
  const secret = await world.secrets.read(namespace, name, REFERENCED_SECRET_MS);
  if (secret === null) {
    return { state: 'SecretNotFound', message: `there is no Secret ${name}` };
  }
  const password = secretBytes(secret, key);
  if (password === null) {
    return { state: 'SecretKeyMissing', message: `Secret ${name} has no key ${key}` };
  }
  const { least, most } = PASSWORD_BYTES;
  if (password.length < least || password.length > most) {
    const message = `Secret ${name}, key ${key}: a password has ${least} to ${most} bytes, not ${password.length}`;
    return { state: 'PasswordLength', message };
  }
  return { state: 'ok', sha256: createHash('sha256').update(password).digest('hex') };
}
