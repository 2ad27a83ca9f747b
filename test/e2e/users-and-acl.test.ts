/** Users and ACLs: live, passwords from Secrets, two at a time, revoked everywhere at once. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClientPod } from './client-pod.ts';
import { acl, memoryCluster, Namespace, secret, user } from './cluster.ts';
import { eventually } from './shell.ts';

const FIRST = 'first-password-0123456789';
const SECOND = 'second-password-0123456789';

let namespace: Namespace;
let pod: ClientPod;

beforeAll(async () => {
  namespace = await Namespace.create('e2e-users');
  await namespace.apply(
    secret('first', { password: FIRST }),
    user('app-user', 'on ~* +@all', ['first']),
    acl('my-app-acl', ['app-user', 'default']),
    memoryCluster('shop', { numShards: 1, aclName: 'my-app-acl' }),
  );
  await namespace.ready('shop');
  await namespace.settled('shop');
  pod = await ClientPod.start(namespace, { caConfigMap: 'shop-ca' });
});

afterAll(async () => {
  await namespace.drop();
});

/** Logs in at a member and runs a command; what the member said, errors too. */
async function ask(name: string, password: string, ...command: string[]): Promise<string> {
  const text = `
import os, redis
try:
    client = redis.Redis(host="shop-primary", port=6379, ssl=True, ssl_ca_certs="/ca/ca.crt",
                         username=os.environ["NAME"] or None, password=os.environ["WORD"] or None,
                         decode_responses=True, socket_timeout=5)
    print(client.execute_command(*${JSON.stringify(command)}))
except redis.RedisError as error:
    print(f"{type(error).__name__}: {error}")
`;
  return (await pod.script(['python3', '-'], text, { NAME: name, WORD: password })).trim();
}

test('a user logs in with the password of its Secret; nobody else gets in', async () => {
  expect(await ask('app-user', FIRST, 'SET', 'k', 'v')).toMatch(/OK|True/);
  expect(await ask('app-user', FIRST, 'GET', 'k')).toBe('v');
  expect(await ask('app-user', 'wrong-password-0123456789', 'GET', 'k')).toMatch(
    /WRONGPASS|invalid/i,
  );
  expect(await ask('nobody', FIRST, 'GET', 'k')).toMatch(/WRONGPASS|invalid/i);
  expect(await ask('', '', 'GET', 'k')).toMatch(
    /NOAUTH|must be called with the client already authenticated|Authentication required/i,
  );
});

test('status tells who is in force and that default is off', async () => {
  const found = await namespace.get('acl', 'my-app-acl');
  expect(found.status).toMatchObject({
    phase: 'active',
    userNames: ['app-user'],
    clusters: ['shop'],
  });
  const conditions = found.status?.['conditions'] as { type: string; reason: string }[];
  expect(conditions.find(({ type }) => type === 'Ready')?.reason).toBe('ActiveDefaultOff');
  const userStatus = (await namespace.get('user.holdfast.dev', 'app-user')).status;
  expect(userStatus).toMatchObject({ phase: 'active', passwordCount: 1, aclNames: ['my-app-acl'] });
});

test('a second password works beside the first, then the first can go', async () => {
  await namespace.apply(
    secret('second', { password: SECOND }),
    user('app-user', 'on ~* +@all', ['first', 'second']),
  );
  await eventually('the second password works', 60_000, async () =>
    (await ask('app-user', SECOND, 'GET', 'k')) === 'v' ? true : undefined,
  );
  expect(await ask('app-user', FIRST, 'GET', 'k')).toBe('v');
  await namespace.apply(user('app-user', 'on ~* +@all', ['second']));
  await eventually('the first password is refused', 60_000, async () =>
    /WRONGPASS|invalid/i.test(await ask('app-user', FIRST, 'GET', 'k')) ? true : undefined,
  );
  expect(await ask('app-user', SECOND, 'GET', 'k')).toBe('v');
});

test('what a user may do changes live', async () => {
  await namespace.apply(user('app-user', 'on ~app:* +@read', ['second']));
  await eventually('writes are refused', 60_000, async () =>
    (await ask('app-user', SECOND, 'SET', 'app:1', 'v')).includes('permission') ? true : undefined,
  );
  expect(await ask('app-user', SECOND, 'GET', 'k')).toMatch(/permission|NOPERM/);
  expect(await ask('app-user', SECOND, 'GET', 'app:1')).toBe('None');
  await namespace.apply(user('app-user', 'on ~* +@all', ['second']));
  await namespace.settled('shop');
});

test('a deleted user is revoked and its connections are closed', async () => {
  const program = pod.start(['python3', '-u', '-c', HOLD], { NAME: 'app-user', WORD: SECOND });
  await eventually('the connection is up', 60_000, async () =>
    program.lines.includes('up') ? true : undefined,
  );
  await namespace.kubectl('delete', 'user.holdfast.dev', 'app-user');
  await eventually('the connection is closed', 60_000, async () =>
    program.lines.includes('closed') ? true : undefined,
  );
  await program.stop();
  expect(await ask('app-user', SECOND, 'GET', 'k')).toMatch(/WRONGPASS|invalid/i);
  await namespace.waitFor('acl', 'my-app-acl', {
    type: 'Ready',
    status: 'False',
    reason: 'UserNotFound',
  });
});

test('without its ACL a cluster keeps the users applied last, and says so', async () => {
  await namespace.apply(user('app-user', 'on ~* +@all', ['second']));
  await eventually('the user is back', 60_000, async () =>
    (await ask('app-user', SECOND, 'GET', 'k')) === 'v' ? true : undefined,
  );
  await namespace.kubectl('delete', 'acl', 'my-app-acl');
  const condition = { type: 'ACLSynced', status: 'False', reason: 'ACLNotFound' };
  await namespace.waitFor('memorycluster', 'shop', condition);
  expect(await ask('app-user', SECOND, 'GET', 'k')).toBe('v');
  expect(await ask('', '', 'GET', 'k')).toMatch(
    /NOAUTH|must be called with the client already authenticated|Authentication required/i,
  );
});

/** Holds one connection without ever logging in again, and says when the server closed it. */
const HOLD = `
import os, socket, ssl, sys
context = ssl.create_default_context(cafile="/ca/ca.crt")
raw = socket.create_connection(("shop-primary", 6379))
link = context.wrap_socket(raw, server_hostname="shop-primary")
link.sendall(f"AUTH {os.environ['NAME']} {os.environ['WORD']}\\r\\n".encode())
if link.recv(100).startswith(b"+OK"):
    print("up", flush=True)
try:
    while link.recv(100):
        pass
except OSError:
    pass
print("closed", flush=True)
sys.stdin.readline()
`;
