import { expect, test } from 'vitest';
import { byFunction, byRoom, type CpuProfile, idlePart, roomOf } from './cpu-profile.ts';
import { inspectorUrl } from './inspector.ts';

const SOURCE = 'file:///somewhere/src/node/keyspace/store.ts';

const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: { functionName: '(idle)', url: '', lineNumber: -1 } },
    { id: 2, callFrame: { functionName: 'find', url: SOURCE, lineNumber: 9 } },
    { id: 3, callFrame: { functionName: 'set', url: SOURCE, lineNumber: 19 } },
    { id: 4, callFrame: { functionName: 'find', url: SOURCE, lineNumber: 9 } },
    { id: 5, callFrame: { functionName: '(garbage collector)', url: '', lineNumber: -1 } },
  ],
  samples: [1, 2, 3, 4, 5],
  timeDeltas: [1000, 10, 20, 30, 40],
};

test('self time of a function is that of all its places in the tree, without idle time', () => {
  expect(byFunction(PROFILE)).toEqual([
    { name: 'find keyspace/store.ts:10', part: 0.4 },
    { name: '(garbage collector)', part: 0.4 },
    { name: 'set keyspace/store.ts:20', part: 0.2 },
  ]);
  expect(idlePart(PROFILE)).toBeCloseTo(1000 / 1100);
});

test('rooms are what the path says', () => {
  expect(byRoom(PROFILE)[0]).toEqual({ name: '#node/keyspace', part: 0.6 });
  expect(roomOf('file:///x/src/base/bytes.ts', 'f')).toBe('#base');
  expect(roomOf('file:///x/src/node/node.ts', 'f')).toBe('#node/node.ts');
  expect(roomOf('node:net', 'f')).toBe("Node's own JavaScript");
  expect(roomOf('', 'set')).toBe('built-in functions');
});

test('the newest inspector counts', () => {
  const log =
    'a\nDebugger listening on ws://127.0.0.1:1/a\nDebugger listening on ws://127.0.0.1:2/b\n';
  expect(inspectorUrl(log)).toBe('ws://127.0.0.1:2/b');
  expect(inspectorUrl('a')).toBeNull();
});
