import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { defineClusters } from './definition.ts';
import { loadManifests, ManifestError, parseManifests } from './manifest.ts';

const CLUSTER = `
apiVersion: holdfast.dev/v1alpha1
kind: MemoryCluster
metadata: {name: shop}
spec: {aclName: my-app-acl}
---
apiVersion: holdfast.dev/v1alpha1
kind: ACL
metadata: {name: my-app-acl}
spec: {userNames: [app-user, default]}
---
apiVersion: holdfast.dev/v1alpha1
kind: User
metadata: {name: app-user}
spec:
  accessString: "on ~* +@all"
  authenticationMode:
    type: password
    passwords: [{name: app-user-password, key: password}]
---
apiVersion: v1
kind: Secret
metadata: {name: app-user-password}
stringData: {password: correct-horse-battery}
`;

/** The problems of a manifest text, as they are printed. */
function problems(content: string): readonly string[] {
  try {
    defineClusters(parseManifests('shop.yaml', content));
    return [];
  } catch (error) {
    if (error instanceof ManifestError) return error.problems;
    throw error;
  }
}

test('a cluster comes with its users; only digests of passwords leave the Secret', () => {
  const [shop] = defineClusters(parseManifests('shop.yaml', CLUSTER));
  expect(shop.name).toBe('shop');
  expect(shop.spec.numShards).toBe(1);
  expect(shop.users).toEqual([
    {
      name: 'app-user',
      on: true,
      passwordSha256: [createHash('sha256').update('correct-horse-battery').digest('hex')],
      noPassword: false,
      accessString: 'on ~* +@all',
    },
    {
      name: 'default',
      on: false,
      passwordSha256: [],
      noPassword: false,
      accessString: 'off -@all',
    },
  ]);
  expect(JSON.stringify(shop)).not.toContain('correct-horse');
});

test('data of a Secret is base64', () => {
  const encoded = Buffer.from('correct-horse-battery').toString('base64');
  const [plain] = defineClusters(parseManifests('a', CLUSTER));
  const [decoded] = defineClusters(
    parseManifests(
      'b',
      CLUSTER.replace(
        'stringData: {password: correct-horse-battery}',
        `data: {password: ${encoded}}`,
      ),
    ),
  );
  expect(decoded.users).toEqual(plain.users);
  expect(problems(CLUSTER.replace('stringData', 'data'))).toEqual([
    'shop.yaml:21: Secret/app-user-password: data.password must be base64 [format]',
  ]);
});

test('open-access lets everyone do everything', () => {
  const [shop] = defineClusters(
    parseManifests(
      'x',
      'apiVersion: holdfast.dev/v1alpha1\nkind: MemoryCluster\nmetadata: {name: shop}\nspec: {}\n',
    ),
  );
  expect(shop.users).toMatchObject([{ name: 'default', on: true, noPassword: true }]);
});

test('the key of encryption at rest is taken from its Secret, and never repeated in an error', () => {
  const encrypted = (key: string, name = 'disk-key'): string =>
    [
      'apiVersion: holdfast.dev/v1alpha1\nkind: MemoryCluster\nmetadata: {name: shop}',
      'spec: {storage: {encryption: {secretName: disk-key}}}\n---',
      `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\nstringData: {key: "${key}"}\n`,
    ].join('\n');
  const line = `2026-01 ${'ab'.repeat(32)}`;
  const [shop] = defineClusters(parseManifests('x', encrypted(line)));
  expect(shop.encryptionKey).toBe(line);
  expect(shop.inactive).toEqual([]);
  expect(problems(encrypted(line, 'other')).join()).toMatch(/disk-key .*\[SecretNotFound\]/);
  const wrong = problems(encrypted(line.slice(0, -1))).join();
  expect(wrong).toMatch(/\[SecretInvalid\]/);
  expect(wrong).not.toContain('abab');
});

test('an error names file, line, object, field, value and rule', () => {
  const wrong = CLUSTER.replace('spec: {aclName', 'spec: {numShards: 0, aclName');
  expect(problems(wrong)).toEqual([
    'shop.yaml:2: MemoryCluster/shop: spec.numShards must be at least 1 (is 0) [minimum]',
  ]);
});

test.each([
  ['too long a name', ['name: shop', `name: ${'a'.repeat(41)}`], /metadata\.name .*\[N1 Name\]/],
  ['an unknown field', ['{aclName', '{shards: 3, aclName'], /spec\.shards is not a known field/],
  [
    'an unknown ACL',
    ['{aclName: my-app-acl}', '{aclName: other}'],
    /no ACL other .*\[AclNotFound\]/,
  ],
  ['an unknown user', ['[app-user,', '[app-user, bob,'], /ACL\/my-app-acl: .*no User bob/],
  ['a missing Secret', ['name: app-user-password, key', 'name: gone, key'], /\[SecretNotFound\]/],
  ['an unknown parameter', ['{aclName', '{parameters: {no-such: "1"}, aclName'], /no-such/],
  [
    'too little memory',
    ['{aclName', '{resources: {limits: {memory: 10Mi}}, aclName'],
    /\[MemoryTooSmall\]/,
  ],
  ['a missing key', ['key: password', 'key: pw'], /\[SecretKeyMissing\]/],
  ['a short password', ['correct-horse-battery', 'short'], /\[PasswordLength\]/],
  ['a bad access string', ['on ~* +@all', 'on ~* +@nonsense'], /\[AccessStringInvalid\]/],
  ['an unknown kind', ['kind: Secret', 'kind: ConfigMap'], /local mode does not know ConfigMap/],
  ['no kind', ['kind: Secret', ''], /it has no kind/],
  ['broken YAML', ['stringData: {', 'stringData: {{'], /shop\.yaml:\d+: not YAML/],
])('%s is a clear error', (_case, [from, to], expected) => {
  const found = problems(CLUSTER.replace(from, to));
  expect(found.join('\n')).toMatch(expected);
});

test('an object that is defined twice is an error that names both places', () => {
  expect(problems(`${CLUSTER}---${CLUSTER.split('---')[0]}`)).toContain(
    'shop.yaml:26: MemoryCluster/shop is defined already in shop.yaml:2',
  );
});

test('a file that does not exist is an error that names it', () => {
  expect(() => loadManifests(['/no/such.yaml'])).toThrow('/no/such.yaml');
});

test('manifests without a cluster start nothing', () => {
  expect(problems(CLUSTER.split('---').slice(1).join('---'))).toEqual([
    'the manifests define no MemoryCluster',
  ]);
});
