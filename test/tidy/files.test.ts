/** What holds for every source file, and for files that are generated from sources. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderMetrics } from '#node/admin/registry.ts';
import { renderOptions } from '#node/config/arguments.ts';
import { renderMetrics as renderOperatorMetrics } from '#operator/kube/metrics.ts';

const root = join(import.meta.dirname, '..', '..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
}).split('\n');
const sources = tracked.filter((file) => /^(?:src|test|bench)\/.*\.ts$/.test(file));

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

test('docs/OPTIONS.md is what the option table says (npm run generate)', () => {
  expect(read('docs/OPTIONS.md')).toBe(renderOptions());
});

test('docs/METRICS.md is what the metrics table says (npm run generate)', () => {
  expect(read('docs/METRICS.md')).toBe(renderMetrics());
});

test('docs/OPERATOR-METRICS.md is what its metrics table says (npm run generate)', () => {
  expect(read('docs/OPERATOR-METRICS.md')).toBe(renderOperatorMetrics());
});

test('every source file opens with what it is', () => {
  const bare = sources
    .filter((file) => !file.endsWith('.test.ts'))
    .filter((file) => !/^(?:\/\*\*|\/\/)/.test(read(file)));
  expect(bare).toEqual([]);
});

test('nothing is left undone and no test is left out', () => {
  const marks = /\b(?:TODO|FIXME|XXX)\b|\b(?:it|test|describe)\.(?:only|todo)\b/;
  const self = 'test/tidy/files.test.ts';
  expect(sources.filter((file) => file !== self && marks.test(read(file)))).toEqual([]);
});

test('lines are at most 120 columns in comments, where the formatter does not look', () => {
  const long = sources.flatMap((file) =>
    read(file)
      .split('\n')
      .map((line, at) => ({ line, at }))
      .filter(({ line }) => /^\s*(?:\*|\/\/|\/\*\*)/.test(line) && line.length > 120)
      .map(({ at }) => `${file}:${at + 1}`),
  );
  expect(long).toEqual([]);
});

test('every Markdown file has one title', () => {
  const files = tracked.filter((file) => file.endsWith('.md'));
  const untitled = files.filter((file) => (read(file).match(/^# /gm) ?? []).length !== 1);
  expect(untitled.filter((file) => !hasCodeTitle(file))).toEqual([]);
});

/** A `# comment` inside a code block looks like a title. */
function hasCodeTitle(file: string): boolean {
  const outside = read(file).replace(/^```[\s\S]*?^```/gm, '');
  return (outside.match(/^# /gm) ?? []).length === 1;
}
