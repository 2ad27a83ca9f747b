/** How often somebody became primary, by what the members' processes said. */
import { readFileSync } from 'node:fs';

export function countPrimaries(logFiles: readonly string[]): number {
  return logFiles.reduce((sum, file) => sum + countIn(readFileSync(file, 'utf8')), 0);
}

/** @param text lines of JSON */
export function countIn(text: string): number {
  return text.split('\n').filter((line) => /"state":"primary".*"msg":"state changed"/.test(line))
    .length;
}
