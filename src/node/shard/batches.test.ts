import { expect, test } from 'vitest';
import { ByteWriter } from '#base/bytes.ts';
import { Batches } from './batches.ts';

/** A leader of one term whose log ends at `lastIndex`. */
function proposer(
  term: number,
  lastIndex: number,
): { term: number; lastIndex: number; propose(): number } {
  return {
    term,
    lastIndex,
    propose(): number {
      return ++this.lastIndex;
    },
  };
}

function effects(bytes: number): ByteWriter {
  const writer = new ByteWriter();
  writer.raw(new Uint8Array(bytes));
  return writer;
}

test('what is committed in the term that proposed it was executed, part by part', () => {
  const batches = new Batches(10);
  const leader = proposer(2, 4);
  batches.close(leader, effects(25), 0, 0);
  expect(batches.judge(4, 2)).toBe('foreign');
  for (const index of [5, 6, 7]) {
    expect(batches.judge(index, 2)).toBe('executed');
    expect(batches.committedNumber).toBe(0);
    expect(batches.advance(index)).toBe(index === 7);
  }
  expect(batches.committedNumber).toBe(1);
  expect(batches.judge(8, 3)).toBe('foreign');
});

test('a batch in whose place another leader has an entry is lost', () => {
  const batches = new Batches(10);
  batches.close(proposer(2, 4), effects(25), 0, 0);
  expect(batches.judge(5, 2)).toBe('executed');
  batches.advance(5);
  expect(batches.judge(6, 3)).toBe('lost');
});

test('W6: a batch is lost with the first entry of a later term before it, not only with one in its place', () => {
  // 5 is a batch, 6 and 7 are a checkpoint and a config entry, 8 is a batch; the next leader has 5 and goes on at 6
  const batches = new Batches(100);
  const leader = proposer(2, 4);
  batches.close(leader, effects(20), 0, 0);
  leader.lastIndex = 7;
  batches.close(leader, effects(20), 0, 0);
  expect(batches.judge(5, 2)).toBe('executed');
  batches.advance(5);
  expect(batches.judge(6, 3)).toBe('lost');
});
