import { expect, test } from 'vitest';
import { utf8 } from '#base/bytes.ts';
import { isAccessError } from './access-string.ts';
import { CommandCatalog } from './catalog.ts';
import { AclLog } from './log.ts';
import { sha256 } from './sha256.ts';
import { type UserDefinition, UserTable } from './users.ts';

const catalog = new CommandCatalog([]);

function table(...users: UserDefinition[]): UserTable {
  const made = UserTable.of(3, users, catalog);
  if (isAccessError(made)) throw new Error(made.message);
  return made;
}

const app: UserDefinition = {
  name: 'app',
  on: true,
  passwordSha256: [sha256(utf8('old')), sha256(utf8('new'))],
  noPassword: false,
  accessString: '~app:* +@all',
};

test('a user is opened by any of its passwords and by no other', () => {
  const user = table(app).find('app');
  expect(user?.accepts(utf8('old'))).toBe(true);
  expect(user?.accepts(utf8('new'))).toBe(true);
  expect(user?.accepts(utf8('other'))).toBe(false);
  expect(user?.accepts(utf8(''))).toBe(false);
});

test('a user that is off is opened by nothing', () => {
  expect(
    table({ ...app, on: false })
      .find('app')
      ?.accepts(utf8('old')),
  ).toBe(false);
  const open = { ...app, on: false, noPassword: true };
  expect(table(open).find('app')?.accepts(utf8('old'))).toBe(false);
});

test('without a default user nobody comes in unauthenticated', () => {
  expect(new UserTable().isOpen).toBe(false);
  expect(table(app).isOpen).toBe(false);
  expect(table(app).default.on).toBe(false);
  const open = { ...app, name: 'default', noPassword: true };
  expect(table(open).isOpen).toBe(true);
  expect(table({ ...open, on: false }).isOpen).toBe(false);
  expect(table({ ...open, noPassword: false }).isOpen).toBe(false);
});

test('one wrong access string refuses the whole table, naming the user', () => {
  const made = UserTable.of(1, [app, { ...app, name: 'bad', accessString: '+x y' }], catalog);
  expect(isAccessError(made) && made.message).toContain('user bad');
});

test('users are listed by name, without password digests', () => {
  const users = table(app, { ...app, name: 'aaa', noPassword: true, accessString: '' });
  expect(users.all.map((user) => user.describe())).toEqual([
    'user aaa on nopass sanitize-payload resetchannels -@all',
    'user app on sanitize-payload ~app:* resetchannels +@all',
  ]);
});

test('equal refusals within a minute are one entry of the log, which has an end', () => {
  const log = new AclLog();
  const refusal = {
    reason: 'key',
    context: 'toplevel',
    object: 'k',
    userName: 'u',
    client: 'c',
  } as const;
  log.add(refusal, 1000);
  log.add({ ...refusal, object: 'other' }, 1500);
  log.add(refusal, 2000);
  expect(log.newest(10).map((e) => [e.object, e.count, e.createdMs, e.updatedMs])).toEqual([
    ['k', 2, 1000, 2000],
    ['other', 1, 1500, 1500],
  ]);
  log.add(refusal, 100_000);
  expect(log.newest(10)).toHaveLength(3);
  for (let i = 0; i < 1000; i++) log.add({ ...refusal, object: `k${i}` }, 100_000);
  expect(log.newest(10_000)).toHaveLength(128);
  expect(log.denied.key).toBe(1004);
  log.clear();
  expect(log.newest(10)).toEqual([]);
});
