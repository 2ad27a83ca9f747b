import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ProcessEvent, type ProcessOptions, SupervisedProcess } from './supervisor.ts';

let directory: string;
let started: SupervisedProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-supervisor-'));
});

afterEach(async () => {
  await Promise.all(started.map((process) => process.stop(0)));
  started = [];
  rmSync(directory, { recursive: true, force: true });
});

interface Watched {
  readonly process: SupervisedProcess;
  readonly events: ProcessEvent[];
  /** Resolves with the first event, now or later, that satisfies `condition`. */
  readonly until: (condition: (event: ProcessEvent) => boolean) => Promise<ProcessEvent>;
}

function supervise(script: string, overrides: Partial<ProcessOptions> = {}): Watched {
  const events: ProcessEvent[] = [];
  let changed = (): void => {};
  const watched = new SupervisedProcess({
    name: 'child',
    command: process.execPath,
    args: ['-e', script],
    logFile: join(directory, 'member', 'node.log'),
    onEvent: (event) => {
      events.push(event);
      changed();
    },
    ...overrides,
  });
  started.push(watched);
  return {
    process: watched,
    events,
    async until(condition) {
      for (;;) {
        const found = events.find(condition);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    },
  };
}

const exits = (events: readonly ProcessEvent[]): number =>
  events.filter((event) => event.type === 'exited').length;
const STAY = 'setInterval(() => {}, 1000)';

test('a process that is killed is started again', async () => {
  const { process: member, events, until } = supervise(STAY);
  member.start();
  const first = member.pid;
  expect(member.kill('SIGKILL')).toBe(true);
  await until((event) => event.type === 'started' && event.pid !== first);
  expect(events[1]).toMatchObject({ type: 'exited', signal: 'SIGKILL', restartInMs: 100 });
  expect(member.restarts).toBe(1);
});

test('a process that keeps ending is started ever more slowly', async () => {
  const {
    process: member,
    events,
    until,
  } = supervise('process.exit(3)', {
    firstRestartMs: 1,
    longestRestartMs: 4,
  });
  member.start();
  await until(() => exits(events) >= 4);
  const waits = events.flatMap((event) => (event.type === 'exited' ? [event.restartInMs] : []));
  expect(waits.slice(0, 4)).toEqual([1, 2, 4, 4]);
  expect(events[1]).toMatchObject({ code: 3 });
});

test('a process that was healthy is restarted quickly again', async () => {
  const {
    process: member,
    events,
    until,
  } = supervise('process.exit(3)', {
    firstRestartMs: 1,
    healthyAfterMs: 0,
  });
  member.start();
  await until(() => exits(events) >= 3);
  const waits = events.flatMap((event) => (event.type === 'exited' ? [event.restartInMs] : []));
  expect(waits.slice(0, 3)).toEqual([1, 1, 1]);
});

test('stop asks first, then kills, and nothing is restarted', async () => {
  const ready = join(directory, 'ready');
  const deaf = `process.on('SIGTERM', () => {}); require('fs').writeFileSync(${JSON.stringify(ready)}, ''); ${STAY}`;
  const { process: member, events, until } = supervise(deaf);
  member.start();
  await eventually(() => readFileSync(ready) !== null);
  await member.stop(50);
  const last = await until((event) => event.type === 'exited');
  expect(last).toMatchObject({ signal: 'SIGKILL', restartInMs: null });
  expect(member.pid).toBeNull();
  expect(exits(events)).toBe(1);
});

test('what a process says is appended to its log', async () => {
  const {
    process: member,
    events,
    until,
  } = supervise(`console.log('hello')`, {
    firstRestartMs: 1,
  });
  member.start();
  await until(() => exits(events) >= 2);
  await member.stop();
  const lines = readFileSync(join(directory, 'member', 'node.log'), 'utf8')
    .trim()
    .split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(2);
  expect(new Set(lines)).toEqual(new Set(['hello']));
});

test('a program that does not exist is reported, not thrown', async () => {
  const { process: member, until } = supervise('', { command: '/no/such/program' });
  member.start();
  expect(await until((event) => event.type === 'exited')).toMatchObject({ code: null });
});

test('a member on the leash stops when its supervisor is killed', async () => {
  const leash = join(import.meta.dirname, 'leash.ts');
  const script = join(directory, 'supervisor.mjs');
  writeFileSync(
    script,
    `import { spawn } from 'node:child_process';
     const args = ['--import', ${JSON.stringify(leash)}, '-e', ${JSON.stringify(STAY)}];
     const child = spawn(process.execPath, args, { stdio: ['pipe', 'inherit', 'inherit'] });
     console.log(child.pid);
     ${STAY}`,
  );
  const supervisor = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: supervisor.stdout }), 'line')) as [string];
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  supervisor.kill('SIGKILL');
  await eventually(() => !isAlive(pid));
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Looks again and again; the test's own deadline ends it. */
async function eventually(condition: () => boolean): Promise<void> {
  for (;;) {
    try {
      if (condition()) return;
    } catch {
      // not yet
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
