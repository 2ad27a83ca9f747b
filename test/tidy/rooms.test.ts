/**
 * The table of rooms (docs/ARCHITECTURE.md) as a test: who may import whom, and which rooms are pure.
 * A pure room takes no `node:*` module, no package, and no clock, timer, randomness, console or process.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { expect, test } from 'vitest';

interface Room {
  readonly pure: boolean;
  /** Rooms, `node:*` modules and npm packages, by prefix. */
  readonly may: readonly string[];
}

const root = join(import.meta.dirname, '..', '..');
const PURE_OPERATOR = ['#base', '#operator/api', '#operator/topology', '#operator/resources'];
const PURE_NODE_FOR_OPERATOR = ['#node/config', '#node/acl', '#node/resp', '#node/cluster'];

const ROOMS: Record<string, Room> = {
  'src/base': { pure: true, may: [] },
  'src/node/resp': { pure: true, may: ['#base'] },
  'src/node/data': { pure: true, may: ['#base'] },
  'src/node/keyspace': { pure: true, may: ['#base', '#node/data'] },
  'src/node/acl': { pure: true, may: ['#base'] },
  'src/node/config': { pure: true, may: ['#base'] },
  'src/node/commands': {
    pure: true,
    may: ['#base', '#node/resp', '#node/data', '#node/keyspace', '#node/acl'],
  },
  'src/node/session': {
    pure: true,
    may: ['#base', '#node/resp', '#node/acl', '#node/keyspace', '#node/commands'],
  },
  'src/node/snapshot': { pure: true, may: ['#base', '#node/data', '#node/keyspace'] },
  'src/node/raft': { pure: true, may: ['#base'] },
  'src/node/cluster': { pure: true, may: ['#base'] },
  'src/node/shard': {
    pure: true,
    may: [
      '#base',
      '#node/raft',
      '#node/keyspace',
      '#node/commands',
      '#node/session',
      '#node/snapshot',
      '#node/cluster',
      '#node/acl',
      '#node/config',
      '#node/resp',
    ],
  },
  'src/node/log': {
    pure: false,
    may: [
      '#base',
      '#node/shard/ports.ts',
      '#node/raft/entry.ts',
      '#node/raft/hard-state.ts',
      '#node/raft/raft.ts',
      'node:',
    ],
  },
  'src/node/net': {
    pure: false,
    may: ['#base', '#node/resp', '#node/shard/ports.ts', 'node:', 'pino'],
  },
  'src/node/pulse': {
    pure: false,
    may: ['#base', '#node/shard/ports.ts', '#node/net', 'node:'],
  },
  'src/node/admin': {
    pure: false,
    may: ['#base', '#node/config', '#node/shard', 'node:', 'prom-client', 'pino'],
  },
  'src/node/main.ts': { pure: false, may: ['#base', '#node', 'node:', 'pino'] },
  'src/node/node.ts': { pure: false, may: ['#base', '#node', 'node:', 'pino'] },
  'src/node/neighbours.ts': { pure: false, may: ['#base', '#node', 'node:', 'pino'] },
  'src/node/storage.ts': { pure: false, may: ['#base', '#node', 'node:', 'pino'] },
  'src/operator/api': { pure: true, may: ['#base'] },
  'src/operator/topology': { pure: true, may: ['#base', '#operator/api', '#node/cluster'] },
  'src/operator/resources': {
    pure: true,
    may: ['#base', '#operator/api', '#operator/topology', '#node/config', '#node/acl'],
  },
  'src/operator/controllers': {
    pure: false,
    may: ['#base', '#operator', ...PURE_NODE_FOR_OPERATOR, 'node:', 'pino', 'prom-client'],
  },
  'src/operator/kube': {
    pure: false,
    may: [
      '#base',
      'node:',
      '@kubernetes/client-node',
      '@dot-i/k8s-operator',
      'pino',
      'prom-client',
    ],
  },
  'src/operator/nodeclient': { pure: false, may: ['#base', 'node:'] },
  'src/operator/pki': { pure: false, may: ['#base', 'node:', '@peculiar/x509'] },
  'src/operator/local': {
    pure: false,
    may: [
      ...PURE_OPERATOR,
      ...PURE_NODE_FOR_OPERATOR,
      '#operator/nodeclient',
      '#operator/pki',
      'node:',
      'yaml',
      'ioredis',
      'pino',
    ],
  },
  'src/operator/main.ts': {
    pure: false,
    may: ['#base', '#operator', 'node:', 'pino', 'prom-client'],
  },
};

const pureRooms = new Set(Object.keys(ROOMS).filter((room) => ROOMS[room].pure));

/** Files that write a pure room's generated output: shells that stand in the room they belong to. */
const GENERATORS = new Set(['src/operator/api/generate.ts', 'src/node/config/generate.ts']);

const IMPURE =
  /\b(?:Date\.now|new Date\(\)|performance\.|Math\.random|console\.|process\.|setTimeout|setInterval|setImmediate|queueMicrotask|Buffer\b|crypto\.)/;

test('every file belongs to a room and imports only what its room may', () => {
  const broken: string[] = [];
  for (const file of sources()) {
    const room = roomOf(file);
    if (room === null) {
      broken.push(`${file} is in no room`);
      continue;
    }
    const { may } = ROOMS[room];
    for (const specifier of imports(file)) {
      if (specifier.startsWith('./') && !specifier.includes('..')) continue;
      if (isTest(file) && (specifier === 'vitest' || specifier === 'fast-check')) continue;
      if (isTest(file) && !ROOMS[room].pure) continue;
      if (isTest(file) && specifier.startsWith('node:')) continue;
      if (isTest(file) && isPureRoomOfSameHalf(specifier, room)) continue;
      if (GENERATORS.has(file) && (specifier.startsWith('node:') || specifier === 'yaml')) continue;
      if (specifier.startsWith(`#${room.slice('src/'.length)}/`)) continue;
      if (may.some((allowed) => matches(specifier, allowed))) continue;
      broken.push(`${file} may not import ${specifier}`);
    }
  }
  expect(broken).toEqual([]);
});

test('pure rooms take no clock, timer, randomness, console, process or Buffer', () => {
  const broken: string[] = [];
  for (const file of sources()) {
    const room = roomOf(file);
    if (room === null || !ROOMS[room].pure || isTest(file) || GENERATORS.has(file)) continue;
    const code = withoutComments(readFileSync(join(root, file), 'utf8'));
    const found = IMPURE.exec(code);
    if (found) broken.push(`${file}: ${found[0]}`);
  }
  expect(broken).toEqual([]);
});

test('no drawers: no file is named utils, helpers, common or types', () => {
  const drawers = sources().filter((file) => /\/(?:utils?|helpers?|common|types)\.ts$/.test(file));
  expect(drawers).toEqual([]);
});

test('the room finder sees an import in every form', () => {
  expect(
    specifiers(`import a from 'x';\nexport { b } from "#y/z.ts";\nawait import('node:fs')`),
  ).toEqual(['x', '#y/z.ts', 'node:fs']);
  expect(withoutComments("a // b\n/* c */ d 'x // y'")).toBe("a \n d 'x // y'");
});

function roomOf(file: string): string | null {
  const parts = file.split(sep);
  for (const length of [3, 2]) {
    const room = parts.slice(0, length).join('/');
    if (room in ROOMS) return room;
  }
  return null;
}

function matches(specifier: string, allowed: string): boolean {
  if (allowed === 'node:') return specifier.startsWith('node:');
  if (allowed.endsWith('.ts')) return specifier === allowed;
  return specifier === allowed || specifier.startsWith(`${allowed}/`);
}

/** Tests of a pure room may build what they need of its half's other pure rooms. */
function isPureRoomOfSameHalf(specifier: string, room: string): boolean {
  const other = /^#((?:node|operator)\/\w+)\//.exec(specifier)?.[1] ?? '';
  const half = room.split('/').slice(0, 2).join('/');
  return `src/${other}`.startsWith(`${half}/`) && pureRooms.has(`src/${other}`);
}

function isTest(file: string): boolean {
  return file.endsWith('.test.ts') || file.includes('/testing/');
}

function sources(): string[] {
  const files: string[] = [];
  const visit = (folder: string): void => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) visit(path);
      else if (name.endsWith('.ts')) files.push(relative(root, path));
    }
  };
  visit(join(root, 'src'));
  return files;
}

function imports(file: string): string[] {
  return specifiers(withoutComments(readFileSync(join(root, file), 'utf8')));
}

function specifiers(code: string): string[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([#@.\w][^'"\n]*)\1/g;
  return [...code.matchAll(pattern)].map((match) => match[2]);
}

function withoutComments(code: string): string {
  return code.replace(
    /('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, string?: string) => string ?? '',
  );
}
