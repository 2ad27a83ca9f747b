/** Both halves of the pulse on one cell, with time as an argument. */
import { expect, test } from 'vitest';
import { CELL_BYTES, SharedWords, SLOTS } from './cell.ts';
import { CommandSide } from './command-side.ts';
import { findEpochNs, msSince } from './epoch.ts';
import { PulseSide } from './pulse-side.ts';

const TIMING = { electionTimeoutMs: 400, heartbeatMs: 50, maxStallMs: 5000 };
const OTHER = '00000000000000a2';

function member() {
  const words = new SharedWords(new SharedArrayBuffer(CELL_BYTES));
  const command = new CommandSide(words);
  return { words, command, pulse: new PulseSide(words, TIMING), slot: command.slotOf(OTHER) };
}

test('a leader pulses in its term for as long as its command thread ticks, and maxStallMs longer', () => {
  const { command, pulse } = member();
  expect(pulse.beat(1000)).toBe(null);
  command.tick(1000, 0);
  command.publish(7, 'leads');
  expect(pulse.beat(1010)).toEqual({ term: 7, sentUs: 1_010_000 });
  expect(pulse.beat(6000)).toEqual({ term: 7, sentUs: 6_000_000 });
  expect(pulse.beat(6001)).toBe(null);
  command.tick(6100, 0);
  expect(pulse.beat(6101)).not.toBe(null);
});

test('who does not lead sends no pulse', () => {
  const { command, pulse } = member();
  command.tick(1000, 0);
  command.publish(7, 'follows');
  expect(pulse.beat(1000)).toBe(null);
  command.publish(7, 'leads');
  command.publish(7, 'leaving');
  expect(pulse.beat(1000)).toBe(null);
});

test('a follower answers the leader of its own term alone, and no vote may follow for an election timeout', () => {
  const { command, pulse } = member();
  command.tick(1000, 1000);
  command.publish(7, 'follows');
  expect(pulse.answers({ term: 6, sentUs: 1 }, 1000)).toBe(false);
  expect(pulse.answers({ term: 8, sentUs: 1 }, 1000)).toBe(false);
  expect(command.beforeVote(8)).toBe(0);
  expect(pulse.answers({ term: 7, sentUs: 1 }, 1000)).toBe(false);
  command.publish(7, 'follows');
  expect(pulse.answers({ term: 7, sentUs: 1 }, 1000)).toBe(true);
  expect(command.heardMs(7)).toBe(1000);
  expect(command.heardMs(8)).toBe(0);
  expect(command.beforeVote(8)).toBeGreaterThanOrEqual(1400);
  expect(command.beforeVote(8)).toBeLessThan(1402);
});

test('a leader, or a member that knows no leader, answers nobody', () => {
  const { command, pulse } = member();
  command.tick(1000, 1000);
  for (const standing of ['leads', 'leaving'] as const) {
    command.publish(7, standing);
    expect(pulse.answers({ term: 7, sentUs: 1 }, 1000)).toBe(false);
  }
});

test('a follower stops answering when its core has heard nothing itself for a stall and an election timeout', () => {
  const { command, pulse } = member();
  command.tick(1000, 1000);
  command.publish(7, 'follows');
  command.tick(7000, 1000);
  expect(pulse.answers({ term: 7, sentUs: 1 }, 6400)).toBe(true);
  expect(pulse.answers({ term: 7, sentUs: 1 }, 6401)).toBe(false);
  command.tick(7010, 7005);
  expect(pulse.answers({ term: 7, sentUs: 1 }, 7020)).toBe(true);
});

test('a leader learns which of its pulses of this term was answered last, by whom', () => {
  const { command, pulse, slot } = member();
  command.tick(1000, 0);
  command.publish(7, 'leads');
  const first = pulse.beat(1000);
  const second = pulse.beat(1050);
  if (first === null || second === null) throw new Error('it leads');
  expect(command.answeredSentMs(OTHER, 7)).toBe(0);
  expect(pulse.answered(slot, second)).toBe(true);
  expect(pulse.answered(slot, first)).toBe(true);
  expect(command.answeredSentMs(OTHER, 7)).toBe(1050);
  expect(command.answeredSentMs('00000000000000a3', 7)).toBe(0);
  command.publish(9, 'leads');
  pulse.beat(1100);
  expect(pulse.answered(slot, second)).toBe(true);
  expect(command.answeredSentMs(OTHER, 9)).toBe(0);
});

test('an answer to what was never sent is found out, and counts for nothing', () => {
  const { command, pulse, slot } = member();
  command.tick(1000, 0);
  command.publish(7, 'leads');
  pulse.beat(1000);
  expect(pulse.answered(slot, { term: 7, sentUs: 1_000_001 })).toBe(false);
  expect(pulse.answered(slot, { term: 8, sentUs: 1 })).toBe(false);
  expect(command.answeredSentMs(OTHER, 7)).toBe(0);
});

test('a pulse thread that is started anew keeps the promise of the one before', () => {
  const { words, command, pulse } = member();
  command.tick(5000, 5000);
  command.publish(7, 'follows');
  expect(pulse.answers({ term: 7, sentUs: 1 }, 5000)).toBe(true);
  // its first pulse is one that the thread before it was about to answer
  const next = new PulseSide(words, TIMING);
  expect(next.answers({ term: 7, sentUs: 1 }, 4900)).toBe(true);
  expect(command.beforeVote(8)).toBeGreaterThanOrEqual(5400);
  expect(command.heardMs(7)).toBe(5000);
});

test('a slot belongs to one member for life, and when there are none left it is said', () => {
  const { command, slot } = member();
  for (let id = 1; id < SLOTS; id++) expect(command.slotOf(`${id}`)).toBe(id);
  expect(command.slotOf('one more')).toBe(-1);
  expect(command.slotOf(OTHER)).toBe(slot);
});

test('the epoch is where performance.now() was 0', () => {
  const epochNs = findEpochNs();
  for (let look = 0; look < 100; look++) {
    const before = performance.now();
    const now = msSince(epochNs);
    expect(now).toBeGreaterThan(before - 0.5);
    expect(now).toBeLessThan(performance.now() + 0.5);
  }
});
