/**
 * The load generator as a process of its own, so that it can have a processor of its own:
 * `node generator-process.ts LOAD` with the load as JSON; prints the result as JSON.
 */
import { generate, type Load } from './generator.ts';

try {
  const load = JSON.parse(process.argv[2]) as Load;
  process.stdout.write(`${JSON.stringify(await generate(load))}\n`);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
