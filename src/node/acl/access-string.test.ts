import { expect, test } from 'vitest';
import { utf8 } from '#base/bytes.ts';
import { describeAccess, isAccessError, parseAccessString } from './access-string.ts';
import { type AclCommand, CommandCatalog } from './catalog.ts';
import type { AclCategoryName } from './categories.ts';
import { KEY_READ, KEY_READ_WRITE, KEY_WRITE, type Selector } from './selector.ts';

let next = 0;
function command(
  name: string,
  categories: readonly AclCategoryName[],
  subcommands: readonly AclCommand[] = [],
): AclCommand {
  return { id: next++, name, categories, subcommands, isSubcommand: name.includes('|') };
}

const catalog = new CommandCatalog([
  command('get', ['read', 'string', 'fast']),
  command('set', ['write', 'string', 'slow']),
  command('select', ['connection', 'fast']),
  command(
    'client',
    ['slow'],
    [
      command('client|list', ['admin', 'dangerous', 'slow']),
      command('client|id', ['connection', 'slow']),
    ],
  ),
  command('flushall', ['write', 'dangerous', 'slow']),
]);

function root(accessString: string): Selector {
  const rules = parseAccessString(accessString, catalog);
  if (isAccessError(rules)) throw new Error(rules.message);
  return rules.selectors[0];
}

function allowed(accessString: string, argument = ''): string[] {
  const selector = root(accessString);
  return ['get', 'set', 'select', 'client', 'client|list', 'client|id', 'flushall'].filter(
    (name) => {
      const id = catalog.find(name)?.id ?? -1;
      return selector.allowsId(id) || selector.allowsFirst(id, argument);
    },
  );
}

test.each([
  ['', []],
  ['+@all', ['get', 'set', 'select', 'client', 'client|list', 'client|id', 'flushall']],
  ['+@all -@dangerous', ['get', 'set', 'select', 'client', 'client|id']],
  ['+@all -@all +get', ['get']],
  ['+GET +Client', ['get', 'client', 'client|list', 'client|id']],
  ['+client -client|list', ['client', 'client|id']],
  ['+client|id', ['client|id']],
  ['+@read +@write -flushall', ['get', 'set']],
  ['allcommands nocommands', []],
])('rules %j allow %j', (accessString, expected) => {
  expect(allowed(accessString)).toEqual(expected);
});

test('what takes a command away from +@all ends "everything", also if it is given back', () => {
  expect(root('~* &* +@all').unrestricted).toBe(true);
  expect(root('~* &* +@all -get').unrestricted).toBe(false);
  expect(root('~* &* +@all -@dangerous').unrestricted).toBe(false);
  expect(root('~* &* +@all -client|list').allCommands).toBe(false);
  expect(root('~* &* +@all -get +get').allCommands).toBe(false);
  expect(root('~* &* -get +@all').unrestricted).toBe(true);
});

test('an argument of a command without subcommands can be allowed alone', () => {
  expect(allowed('-@all +select|0', '0')).toEqual(['select']);
  expect(allowed('-@all +select|0', '1')).toEqual([]);
  expect(allowed('+select|0 -select', '0')).toEqual([]);
});

test.each([
  ['+nosuch', '+nosuch', 'Unknown command or category name in ACL'],
  ['+get +@nosuch', '+@nosuch', 'Unknown command or category name in ACL'],
  ['-select|0', '-select|0', 'Unknown command or category name in ACL'],
  ['+client|nosuch', '+client|nosuch', 'Unknown command or category name in ACL'],
  ['+client|id|x', '+client|id|x', 'Allowing first-arg of a subcommand is not supported'],
  ['%X~a', '%X~a', 'Syntax error'],
  ['%~a', '%~a', 'Syntax error'],
  ['%RR~a', '%RR~a', 'Syntax error'],
  ['%Ra', '%Ra', 'Syntax error'],
  ['what', 'what', 'Syntax error'],
  ['~* ~a', '~a', 'Adding a pattern after the * pattern'],
  ['&* &a', '&a', 'Adding a pattern after the * pattern'],
  ['(+get ~a', '(+get', 'Unmatched parenthesis in acl selector'],
  ['>secret', '>secret', 'passwords are not set by an access string'],
  ['nopass', 'nopass', 'passwords are not set by an access string'],
  ['reset', 'reset', 'passwords are not set by an access string'],
  ['#abc', '#abc', 'passwords are not set by an access string'],
])('%j is refused, naming %j', (accessString, token, reason) => {
  const rules = parseAccessString(accessString, catalog);
  expect(isAccessError(rules)).toBe(true);
  if (!isAccessError(rules)) return;
  expect(rules.token).toBe(token);
  expect(rules.message).toContain(token);
  expect(rules.message).toContain(reason);
});

test('without a catalog everything but the names of commands is checked', () => {
  expect(isAccessError(parseAccessString('on ~* +json.get +@read +client|list', null))).toBe(false);
  expect(isAccessError(parseAccessString('+@nosuch', null))).toBe(true);
  expect(isAccessError(parseAccessString('+get|a|b', null))).toBe(true);
});

test.each([
  ['', 'resetchannels -@all'],
  ['on ~* &* +@all', '~* &* +@all'],
  ['allkeys allchannels allcommands', '~* &* +@all'],
  ['~objects:* %R~items:* +GET', '~objects:* %R~items:* resetchannels -@all +get'],
  ['%R~a %W~a', '~a resetchannels -@all'],
  ['+@all -get +get', 'resetchannels +@all +get'],
  ['+client|list -client', 'resetchannels -@all -client'],
  ['&a &b &a', 'resetchannels &a &b -@all'],
  [
    '~a (~b +get) ( %R~c &d +set )',
    '~a resetchannels -@all (~b resetchannels -@all +get) (%R~c resetchannels &d -@all +set)',
  ],
  ['(~b +get) clearselectors', 'resetchannels -@all'],
])('%j in normal form is %j', (accessString, expected) => {
  const rules = parseAccessString(accessString, catalog);
  if (isAccessError(rules)) throw new Error(rules.message);
  expect(describeAccess(rules.selectors)).toBe(expected);
});

test('the normal form of a normal form is itself', () => {
  const once =
    '~a %W~b resetchannels &c -@all +@read -get +client|id (~x resetchannels -@all +set)';
  const rules = parseAccessString(once, catalog);
  if (isAccessError(rules)) throw new Error(rules.message);
  expect(describeAccess(rules.selectors)).toBe(once);
});

test('a key pattern gives only the access that it names', () => {
  const selector = root('%R~r:* %W~w:* ~rw:*');
  const may = (key: string, access: number): boolean => {
    const bytes = utf8(key);
    return selector.allowsKey(bytes, 0, bytes.length, access);
  };
  expect(may('r:1', KEY_READ)).toBe(true);
  expect(may('r:1', KEY_WRITE)).toBe(false);
  expect(may('w:1', KEY_WRITE)).toBe(true);
  expect(may('w:1', KEY_READ_WRITE)).toBe(false);
  expect(may('rw:1', KEY_READ_WRITE)).toBe(true);
  expect(may('x', KEY_READ)).toBe(false);
});

test('a channel pattern is matched by channels, and literally by patterns', () => {
  const selector = root('&news:*');
  const may = (channel: string, literal: boolean): boolean => {
    const bytes = utf8(channel);
    return selector.allowsChannel(bytes, 0, bytes.length, literal);
  };
  expect(may('news:1', false)).toBe(true);
  expect(may('other', false)).toBe(false);
  expect(may('news:*', true)).toBe(true);
  expect(may('news:1', true)).toBe(false);
});

test('on and off are reported, the last one counts', () => {
  const on = (accessString: string): boolean | null => {
    const rules = parseAccessString(accessString, catalog);
    return isAccessError(rules) ? null : rules.on;
  };
  expect([on('+get'), on('on +get'), on('ON off')]).toEqual([null, true, false]);
});
