/** What is on disk, being written, and waiting for it (SPEC R7). */
import { expect, test } from 'vitest';
import { Durability } from './durability.ts';
import type { Message } from './message.ts';
import { entry } from './testing/solo.ts';

const hardState = () => ({ term: 1, vote: '', commit: 0 });
const note = (sentMs: number): Message => ({
  type: 'heartbeat-reply',
  from: 'a',
  to: 'b',
  term: 1,
  sentMs,
  freeBytes: 0,
});

test('a message waits for what had changed when it was made, and for no more', () => {
  const durability = new Durability(0);
  durability.sendWhenPersisted(note(1));
  expect(durability.takeMessages()).toEqual([note(1)]);
  durability.append(entry(1, 1));
  durability.sendWhenPersisted(note(2));
  expect(durability.takePersist(hardState)).toMatchObject({ seq: 1, hardState: null });
  durability.sendWhenPersisted(note(3));
  durability.hardStateChanged();
  durability.sendWhenPersisted(note(4));
  expect(durability.takePersist(hardState)).toMatchObject({ seq: 2, hardState: { term: 1 } });
  expect(durability.takeMessages()).toEqual([]);
  expect(durability.persisted(1)).toEqual([note(2), note(3)]);
  expect(durability.persisted(2)).toEqual([note(4)]);
  expect(durability.takePersist(hardState)).toBeNull();
});

test('units are reported in order', () => {
  const durability = new Durability(0);
  for (let index = 1; index <= 2; index++) {
    durability.append(entry(index, 1));
    durability.takePersist(hardState);
  }
  expect(() => durability.persisted(2)).toThrow('in order');
});

test('what was cut off and appended again is not durable through the old write', () => {
  const durability = new Durability(2);
  durability.append(entry(3, 1));
  durability.append(entry(4, 1));
  durability.takePersist(hardState);
  durability.truncate(3);
  durability.append(entry(3, 2));
  expect(durability.takePersist(hardState)).toMatchObject({ truncateFrom: 3 });
  durability.persisted(1);
  expect(durability.durableIndex).toBe(2);
  durability.persisted(2);
  expect(durability.durableIndex).toBe(3);
});

test('entries that no unit has are cut off without the disk', () => {
  const durability = new Durability(2);
  for (let index = 3; index <= 5; index++) durability.append(entry(index, 1));
  durability.truncate(4);
  expect(durability.takePersist(hardState)).toMatchObject({
    truncateFrom: null,
    entries: [{ index: 3 }],
  });
  durability.persisted(1);
  durability.append(entry(4, 1));
  durability.truncate(4);
  expect(durability.takePersist(hardState)).toBeNull();
  durability.truncate(2);
  durability.append(entry(2, 3));
  durability.truncate(1);
  expect(durability.takePersist(hardState)).toMatchObject({ truncateFrom: 1, entries: [] });
  expect(durability.durableIndex).toBe(0);
});

test('a restart drops what was to be written, and what is being written counts for nothing', () => {
  const durability = new Durability(2);
  durability.append(entry(3, 1));
  durability.takePersist(hardState);
  durability.truncate(2);
  durability.append(entry(2, 1));
  durability.restart(10, 4);
  durability.sendWhenPersisted(note(1));
  durability.append(entry(11, 4));
  expect(durability.takePersist(hardState)).toEqual({
    seq: 2,
    hardState: null,
    restart: { index: 10, term: 4 },
    truncateFrom: null,
    entries: [entry(11, 4)],
  });
  durability.truncate(11);
  durability.append(entry(11, 5));
  durability.takePersist(hardState);
  durability.persisted(1);
  expect(durability.durableIndex).toBe(0);
  expect(durability.persisted(2)).toEqual([note(1)]);
  expect(durability.durableIndex).toBe(10);
  durability.persisted(3);
  expect(durability.durableIndex).toBe(11);
  durability.restart(20, 5);
  durability.restart(30, 5);
  expect(durability.takePersist(hardState)).toMatchObject({ restart: { index: 30 }, entries: [] });
});

test('a hard state is durable when its unit, and no other, is on disk', () => {
  const durability = new Durability(0);
  expect(durability.hardStateDurable).toBe(true);
  durability.append(entry(1, 1));
  durability.takePersist(hardState);
  expect(durability.hardStateDurable).toBe(true);
  durability.hardStateChanged();
  expect(durability.hardStateDurable).toBe(false);
  durability.takePersist(hardState);
  durability.persisted(1);
  expect(durability.hardStateDurable).toBe(false);
  durability.persisted(2);
  expect(durability.hardStateDurable).toBe(true);
});
