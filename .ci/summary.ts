/** Adds up the results of all test runs in a folder and closes the log with `N passed, N failed`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
}

const folder = process.argv[2];
let passed = 0;
let failed = 0;
for (const name of readdirSync(folder)) {
  const results = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Results;
  passed += results.numPassedTests;
  failed += Math.max(results.numFailedTests, results.numFailedTestSuites > 0 ? 1 : 0);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
