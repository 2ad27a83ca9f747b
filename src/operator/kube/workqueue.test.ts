import { expect, test, vi } from 'vitest';
import type { Handler } from './workqueue.ts';
import { WorkQueue } from './workqueue.ts';

const observer = { depth: () => undefined, retried: () => undefined, done: () => undefined };

function queueOf(handler: Handler, concurrency = 1): WorkQueue {
  return new WorkQueue({
    name: 'test',
    handler,
    concurrency,
    observer,
    onError: () => undefined,
    firstBackoffMs: 1,
    mostBackoffMs: 4,
  });
}

/** A promise that the test resolves. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

test('a key added many times before its turn is worked on once', async () => {
  const worked: string[] = [];
  const queue = queueOf(async (key) => {
    worked.push(key);
    return null;
  });
  for (let i = 0; i < 5; i++) queue.add('a');
  queue.add('b');
  queue.start();
  await queue.stop();
  expect(worked[0]).toBe('a');
  await vi.waitFor(() => expect(worked.filter((key) => key === 'a').length).toBe(1));
});

test('a key is never worked on twice at once, and an add meanwhile is not lost', async () => {
  const first = gate();
  let active = 0;
  let most = 0;
  let runs = 0;
  const queue = queueOf(async () => {
    most = Math.max(most, ++active);
    runs++;
    if (runs === 1) await first.opened;
    active--;
    return null;
  }, 4);
  queue.start();
  queue.add('a');
  queue.add('a');
  queue.add('a');
  first.open();
  await vi.waitFor(() => expect(runs).toBe(2));
  expect(most).toBe(1);
  await queue.stop();
});

test('different keys are worked on at the same time, up to the concurrency', async () => {
  const release = gate();
  let active = 0;
  const queue = queueOf(async () => {
    active++;
    await release.opened;
    return null;
  }, 2);
  queue.start();
  for (const key of ['a', 'b', 'c']) queue.add(key);
  expect(active).toBe(2);
  expect(queue.depth).toBe(1);
  release.open();
  await vi.waitFor(() => expect(active).toBe(3));
  await queue.stop();
});

test('a failed key comes back until it succeeds', async () => {
  let runs = 0;
  const queue = queueOf(async () => {
    runs++;
    if (runs < 4) throw new Error('not yet');
    return null;
  });
  queue.start();
  queue.add('a');
  await vi.waitFor(() => expect(runs).toBe(4));
  await queue.stop();
});

test('a success that names a time comes back then, an earlier plan wins over a later one', async () => {
  let runs = 0;
  const queue = queueOf(async () => {
    runs++;
    return runs === 1 ? 5 : null;
  });
  queue.start();
  queue.add('a');
  await vi.waitFor(() => expect(runs).toBe(2));
  queue.addAfter('a', 1);
  queue.addAfter('a', 60_000);
  await vi.waitFor(() => expect(runs).toBe(3));
  await queue.stop();
});

test('keys collect until the queue is started', async () => {
  let runs = 0;
  const queue = queueOf(async () => {
    runs++;
    return null;
  });
  queue.add('a');
  expect([runs, queue.depth]).toEqual([0, 1]);
  queue.start();
  await vi.waitFor(() => expect(runs).toBe(1));
  await queue.stop();
});
