import { expect, test } from 'vitest';
import { ClockGuard, clockToleranceMs } from './clock-guard.ts';

/** Clocks that tests move. */
class HandClock {
  monotonic = 1000;
  wall = 1_700_000_000_000;

  monotonicMs(): number {
    return this.monotonic;
  }

  wallMs(): number {
    return this.wall;
  }

  /** Time passes; the monotonic clock stands for the last part of it. */
  pass(durationMs: number, standsMs = 0): void {
    this.wall += durationMs;
    this.monotonic += durationMs - standsMs;
  }
}

test('a suspended machine is noticed once, with how long it stood', () => {
  const clock = new HandClock();
  const guard = new ClockGuard(clock, 20);
  clock.pass(100);
  expect(guard.jumped()).toBe(false);
  clock.pass(35, 30);
  expect([guard.jumped(), guard.lastJumpMs]).toEqual([true, 30]);
  clock.pass(5);
  expect(guard.jumped()).toBe(false);
});

test('a wall clock that is set back is noticed', () => {
  const clock = new HandClock();
  const guard = new ClockGuard(clock, 20);
  clock.wall -= 60_000;
  expect([guard.jumped(), guard.lastJumpMs]).toEqual([true, -60_000]);
});

test('small steps add up: no lease is longer by more than is tolerated', () => {
  const clock = new HandClock();
  const guard = new ClockGuard(clock, 20);
  let unnoticedMs = 0;
  for (let look = 0; look < 10; look++) {
    clock.pass(15, 10);
    if (guard.jumped()) break;
    unnoticedMs += 10;
  }
  expect(unnoticedMs).toBeLessThanOrEqual(20);
});

test('a slow drift is no jump, however long it goes on', () => {
  const clock = new HandClock();
  const guard = new ClockGuard(clock, 20);
  for (let look = 0; look < 10_000; look++) {
    clock.pass(10, 0.3);
    expect(guard.jumped()).toBe(false);
  }
});

test('the tolerance is well below what a lease is shorter than a promise', () => {
  expect(clockToleranceMs(250, 400, 0.8)).toBeCloseTo(20);
  expect(clockToleranceMs(10, 400, 0.8)).toBe(10);
});
