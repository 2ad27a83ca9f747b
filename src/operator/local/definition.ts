/**
 * One cluster, with everything that its manifest refers to looked up: users with the digests of their
 * passwords, the certificate of `spec.tls.secretName`. What the operator reports as a condition
 * (a missing Secret, an unknown ACL) is here an error before anything starts.
 */
import { isAccessError, parseAccessString } from '#node/acl/access-string.ts';
import { sha256 } from '#node/acl/sha256.ts';
import { checkParameters, inactiveParameters } from '#node/config/parameters.ts';
import { OPEN_ACCESS } from '#operator/api/acl.ts';
import { inactiveFields } from '#operator/api/inactive.ts';
import type { MemoryCluster, User } from '#operator/api/kinds.ts';
import type { MemoryClusterSpec } from '#operator/api/memorycluster.ts';
import type { UserSetting } from '#operator/nodeclient/wire.ts';
import { ENCRYPTION_KEY, encryptionKeyProblem } from '#operator/resources/encryption-key.ts';
import { dataResources, logResources } from '#operator/resources/memory.ts';
import type { GivenCertificate } from './certificates.ts';
import { ManifestError, type Manifests } from './manifest.ts';

/** MemoryDB's bounds, in bytes. */
export const PASSWORD_LENGTH = { min: 16, max: 128 } as const;

export interface ClusterDefinition {
  readonly name: string;
  readonly namespace: string;
  readonly spec: MemoryClusterSpec;
  readonly users: readonly UserSetting[];
  /** The certificate of spec.tls.secretName; null: one is made. */
  readonly clientCertificate: GivenCertificate | null;
  /** The key file of spec.storage.encryption; null: disks are not encrypted. */
  readonly encryptionKey: string | null;
  /** Fields and parameters that are set and do nothing yet. */
  readonly inactive: readonly string[];
}

/** All clusters of the manifests, in their order. Throws {@link ManifestError}. */
export function defineClusters(manifests: Manifests): ClusterDefinition[] {
  const problems: string[] = [];
  if (manifests.clusters.size === 0) problems.push('the manifests define no MemoryCluster');
  const definitions = [...manifests.clusters.values()].map((cluster) => {
    const problem = (field: string, text: string): void => {
      problems.push(`MemoryCluster/${cluster.metadata.name}: ${field}: ${text}`);
    };
    return define(cluster, manifests, problem, problems);
  });
  if (problems.length > 0) throw new ManifestError(problems);
  return definitions;
}

function define(
  cluster: MemoryCluster,
  manifests: Manifests,
  problem: (field: string, text: string) => void,
  problems: string[],
): ClusterDefinition {
  const { spec, metadata } = cluster;
  for (const sentence of checkParameters(spec.parameters)) problem('spec.parameters', sentence);
  for (const resources of [dataResources({ ...spec, nodeType: '' }, {}), logResources(spec)]) {
    if ('refused' in resources) problem('spec', `${resources.message} [${resources.refused}]`);
  }
  if (spec.suspend) problem('spec.suspend', 'a suspended cluster has no members to start');
  let clientCertificate: GivenCertificate | null = null;
  if (spec.tlsEnabled && spec.tls.secretName !== '') {
    clientCertificate = givenCertificate(spec.tls.secretName, manifests, problem);
  }
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? 'default',
    spec,
    users: usersOf(spec.aclName, manifests, problem, problems),
    clientCertificate,
    encryptionKey: encryptionKeyOf(spec.storage.encryption.secretName, manifests, problem),
    inactive: [...inactiveFields(spec), ...inactiveParameters(spec.parameters)],
  };
}

/** Everyone may do everything: the ACL that exists without an object. */
const EVERYONE: UserSetting = {
  name: 'default',
  on: true,
  passwordSha256: [],
  noPassword: true,
  accessString: 'on ~* &* +@all',
};

/** What `default` is in an ACL that has no User of that name: there, and nobody. */
const NOBODY: UserSetting = {
  name: 'default',
  on: false,
  passwordSha256: [],
  noPassword: false,
  accessString: 'off -@all',
};

function usersOf(
  aclName: string,
  manifests: Manifests,
  problem: (field: string, text: string) => void,
  problems: string[],
): UserSetting[] {
  if (aclName === OPEN_ACCESS) return [EVERYONE];
  const acl = manifests.acls.get(aclName);
  if (acl === undefined) {
    problem('spec.aclName', `there is no ACL ${aclName} in the manifests [AclNotFound]`);
    return [];
  }
  const users: UserSetting[] = [];
  for (const name of acl.spec.userNames) {
    const user = manifests.users.get(name);
    if (user !== undefined) users.push(userSetting(user, manifests, problems));
    else if (name !== NOBODY.name) {
      problems.push(`ACL/${aclName}: spec.userNames: there is no User ${name} [UserNotFound]`);
    }
  }
  if (!users.some(({ name }) => name === NOBODY.name)) users.push(NOBODY);
  return users;
}

function userSetting(user: User, manifests: Manifests, problems: string[]): UserSetting {
  const { name } = user.metadata;
  const { accessString, authenticationMode } = user.spec;
  const problem = (text: string): void => {
    problems.push(`User/${name}: ${text}`);
  };
  const rules = parseAccessString(accessString, null);
  if (isAccessError(rules)) problem(`spec.accessString: ${rules.message} [${rules.error}]`);
  const passwordSha256: string[] = [];
  for (const reference of authenticationMode.passwords) {
    const where = `spec.authenticationMode.passwords: Secret ${reference.name}`;
    const secret = manifests.secrets.get(reference.name);
    const password = secret?.data.get(reference.key);
    if (secret === undefined) problem(`${where} is not in the manifests [SecretNotFound]`);
    else if (password === undefined)
      problem(`${where} has no key ${reference.key} [SecretKeyMissing]`);
    else if (password.length < PASSWORD_LENGTH.min || password.length > PASSWORD_LENGTH.max) {
      const { min, max } = PASSWORD_LENGTH;
      problem(`${where}, key ${reference.key}: must have ${min} to ${max} bytes [PasswordLength]`);
    } else passwordSha256.push(sha256(password));
  }
  return {
    name,
    on: isAccessError(rules) ? false : (rules.on ?? false),
    passwordSha256,
    noPassword: authenticationMode.type === 'no-password',
    accessString,
  };
}

function encryptionKeyOf(
  name: string,
  manifests: Manifests,
  problem: (field: string, text: string) => void,
): string | null {
  if (name === '') return null;
  const field = 'spec.storage.encryption.secretName';
  const secret = manifests.secrets.get(name);
  const content = secret?.data.get(ENCRYPTION_KEY);
  if (content === undefined) {
    const what =
      secret === undefined
        ? 'is not in the manifests [SecretNotFound]'
        : `has no ${ENCRYPTION_KEY} [SecretInvalid]`;
    problem(field, `Secret ${name} ${what}`);
    return null;
  }
  const text = new TextDecoder().decode(content);
  const wrong = encryptionKeyProblem(text);
  if (wrong !== null) {
    problem(field, `Secret ${name}, key ${ENCRYPTION_KEY}: ${wrong} [SecretInvalid]`);
  }
  return text;
}

function givenCertificate(
  name: string,
  manifests: Manifests,
  problem: (field: string, text: string) => void,
): GivenCertificate | null {
  const secret = manifests.secrets.get(name);
  const pem = (key: string): string => {
    const content = secret?.data.get(key);
    if (content === undefined) {
      const what = secret === undefined ? 'is not in the manifests' : `has no ${key}`;
      problem('spec.tls.secretName', `Secret ${name} ${what}`);
    }
    return new TextDecoder().decode(content);
  };
  if (secret === undefined) {
    pem('tls.crt');
    return null;
  }
  return { certificate: pem('tls.crt'), key: pem('tls.key'), ca: pem('ca.crt') };
}
