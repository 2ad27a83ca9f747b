import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { type Answer, CommandModel, type CommandOperation, type KeysState } from './commands.ts';
import { checkLinearizable, type Verdict } from './linear.ts';

/** `sent answered command → answer`; without an answer the outcome is unknown. */
type Row = readonly [start: number, end: number, command: string, answer?: Answer];

function operation([start, end, command, answer]: Row): CommandOperation {
  const commands = command.split('; ').map((words) => words.split(' '));
  const answers = commands.length === 1 ? [answer as Answer] : (answer as readonly Answer[]);
  const known = answer !== undefined;
  return {
    start,
    end: known ? end : Infinity,
    startMs: start,
    endMs: known ? end : Infinity,
    commands,
    answers: known ? answers : undefined,
  };
}

function verdict(rows: readonly Row[], slackMs = 0): Verdict['kind'] {
  return checkLinearizable(new CommandModel(slackMs), rows.map(operation), 100_000).kind;
}

test.each<[string, Row[]]>([
  [
    'one after the other',
    [
      [1, 2, 'SET k a', 'OK'],
      [3, 4, 'GET k', 'a'],
      [5, 6, 'APPEND k b', 2],
      [7, 8, 'GET k', 'ab'],
    ],
  ],
  [
    'a read beside a write sees it or not',
    [
      [1, 10, 'SET k a', 'OK'],
      [2, 3, 'GET k', null],
      [4, 5, 'GET k', 'a'],
      [6, 7, 'GET k', 'a'],
    ],
  ],
  [
    'a write without an answer takes effect late',
    [
      [1, 0, 'SET k a'],
      [2, 3, 'GET k', null],
      [4, 5, 'GET k', 'a'],
    ],
  ],
  [
    'a write without an answer never takes effect',
    [
      [1, 0, 'SET k a'],
      [2, 3, 'SET k b', 'OK'],
      [4, 5, 'GET k', 'b'],
    ],
  ],
  [
    'a transaction is one step',
    [
      [1, 8, 'SET x 1; SET y 1', ['OK', 'OK']],
      [2, 9, 'GET x; GET y', ['1', '1']],
      [3, 4, 'GET y', null],
    ],
  ],
  [
    'lists, sets and errors',
    [
      [1, 2, 'LPUSH l a', 1],
      [3, 4, 'GET l', '!WRONGTYPE'],
      [5, 6, 'LPOP l', 'a'],
      [7, 8, 'EXISTS l', 0],
      [9, 10, 'SADD s a', 1],
      [11, 12, 'SADD s b', 1],
      [13, 14, 'SPOP s', 'b'],
      [15, 16, 'SMEMBERS s', ['a']],
      [17, 18, 'SETNX s x', 0],
      [19, 20, 'HSET h f a', 1],
      [21, 22, 'HSET h f b', 0],
      [23, 24, 'HGET h f', 'b'],
      [25, 26, 'HDEL h f', 1],
      [27, 28, 'EXISTS h', 0],
    ],
  ],
])('accepts: %s', (_, rows) => {
  expect(verdict(rows)).toBe('linearizable');
});

test.each<[string, Row[]]>([
  [
    'an acknowledged write is lost',
    [
      [1, 2, 'SET k a', 'OK'],
      [3, 4, 'GET k', null],
    ],
  ],
  [
    'reads go back',
    [
      [1, 10, 'SET k a', 'OK'],
      [2, 3, 'GET k', 'a'],
      [4, 5, 'GET k', null],
    ],
  ],
  [
    'an increment counts twice',
    [
      [1, 2, 'INCR n', 1],
      [3, 4, 'GET n', '2'],
    ],
  ],
  [
    'half a transaction is seen',
    [
      [1, 2, 'SET x 1; SET y 1', ['OK', 'OK']],
      [3, 8, 'SET x 2; SET y 2', ['OK', 'OK']],
      [4, 7, 'GET x; GET y', ['2', '1']],
    ],
  ],
  [
    'a write that failed has an effect',
    [
      [1, 2, 'SET k a', 'OK'],
      [3, 4, 'SETNX k b', 0],
      [5, 6, 'GET k', 'b'],
    ],
  ],
  [
    'SETNX fails on a key that nobody made',
    [
      [1, 2, 'SETNX k a', 0],
      [3, 4, 'GET k', null],
    ],
  ],
  [
    'one element is popped twice',
    [
      [1, 2, 'SADD s a', 1],
      [3, 6, 'SPOP s', 'a'],
      [4, 5, 'SPOP s', 'a'],
    ],
  ],
  [
    'a write without an answer takes effect, and is gone again',
    [
      [1, 0, 'SET k a'],
      [2, 3, 'GET k', 'a'],
      [4, 5, 'GET k', null],
    ],
  ],
])('refuses: %s', (_, rows) => {
  expect(verdict(rows)).toBe('violated');
});

test('a key goes within the span that the times of its expiry allow, and stays gone', () => {
  const set: Row = [10, 12, 'SET k a PX 100', 'OK'];
  const gone: Row = [109, 111, 'GET k', null];
  const there: Row = [111, 113, 'GET k', 'a'];
  expect(verdict([set, gone])).toBe('linearizable');
  expect(verdict([set, there])).toBe('linearizable');
  expect(verdict([set, [100, 105, 'GET k', null]])).toBe('violated');
  expect(verdict([set, [113, 114, 'GET k', 'a']])).toBe('violated');
  expect(verdict([set, [113, 114, 'GET k', 'a']], 5)).toBe('linearizable');
  expect(verdict([set, gone, [112, 113, 'GET k', 'a']])).toBe('violated');
});

test('what a transaction with WATCH has read must still hold when it runs', () => {
  const rows: Row[] = [
    [1, 2, 'SET k a', 'OK'],
    [3, 8, 'SET k b', 'OK'],
  ];
  expect(verdict([...rows, [4, 9, 'EXPECT k a; SET k c', ['OK', 'OK']]])).toBe('linearizable');
  expect(verdict([...rows, [10, 11, 'EXPECT k a; SET k c', ['OK', 'OK']]])).toBe('violated');
});

test('a history too hard to decide is said to be so', () => {
  const rows = Array.from({ length: 30 }, (_, i): Row => [i, 0, `APPEND k ${i}`]);
  const ops = [...rows, [40, 41, 'GET k', 'nothing like it'] as Row].map(operation);
  expect(checkLinearizable(new CommandModel(0), ops, 1000).kind).toBe('undecided');
});

test('random histories that were made by running commands in some order are accepted', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const found = checkLinearizable(new CommandModel(0), made(seed), 200_000).kind;
    expect({ seed, found }).toEqual({ seed, found: 'linearizable' });
  }
});

test('random histories in which one answer was changed are refused', () => {
  let refused = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const ops = made(seed);
    const random = new Prng(seed);
    const at = ops.findIndex(({ answers }, i) => i > 20 && typeof answers?.[0] === 'number');
    const wrong = { ...ops[at], answers: [1000 + random.below(10)] };
    const changed = ops.with(at, wrong);
    if (checkLinearizable(new CommandModel(0), changed, 200_000).kind === 'violated') refused++;
  }
  expect(refused).toBe(60);
});

/** Four clients at a time; each operation takes effect somewhere between its start and its end. */
function made(seed: number): CommandOperation[] {
  const random = new Prng(seed);
  const model = new CommandModel(0);
  let state: KeysState = model.initial;
  const ops: CommandOperation[] = [];
  for (let at = 0; ops.length < 80; at += 10) {
    for (let client = 0; client < 4; client++) {
      const words = [
        ['SET', 'k', `v${at}${client}`],
        ['GET', 'k'],
        ['INCR', 'n'],
        ['APPEND', 'k', 'x'],
        ['LPUSH', 'l', `${at}${client}`],
        ['LPOP', 'l'],
      ][random.below(6)];
      const moment = at + 2 + client;
      const op = (answers: readonly Answer[] | undefined): CommandOperation => ({
        commands: [words],
        answers,
        start: moment - 2 * random.below(2) - client / 10,
        end: answers === undefined ? Infinity : moment + 0.5 + random.below(3) + client / 10,
        startMs: at,
        endMs: at + 10,
      });
      const answer = probe(model, state, words);
      [state] = model.step(state, op([answer]));
      ops.push(op(random.chance(0.1) ? undefined : [answer]));
    }
  }
  return ops;
}

/** What the model answers to a command whose answer is determined. */
function probe(model: CommandModel, state: KeysState, words: readonly string[]): Answer {
  const candidates: Answer[] = ['OK', null, 0, '!ERR', '!WRONGTYPE'];
  for (let i = 1; i < 200; i++) candidates.push(i);
  for (const text of state.text.matchAll(/"(?:value":)?"?([^"]*)"/g)) candidates.push(text[1]);
  for (const answer of candidates) {
    const op = { commands: [words], answers: [answer], start: 0, end: 1, startMs: 0, endMs: 1 };
    if (model.step(state, op).length > 0) return answer;
  }
  throw new Error(`no answer to ${words.join(' ')} in ${state.text}`);
}
