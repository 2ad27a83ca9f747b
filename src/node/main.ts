/**
 * The process of a node: arguments in, signals, and the only place that may exit. Exit status 2: wrong
 * arguments; 1: something that the member must not go on after (a failed sync, a broken invariant).
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { type Logger, pino } from 'pino';
import { parseArguments, renderHelp } from '#node/config/arguments.ts';
import { Node } from './node.ts';

/**
 * The way of a command from the socket to the arena and back is some dozens of small functions. By default V8
 * inlines about a third of them and then stops, so that calls are a tenth of what a command costs. These raise the
 * limits threefold; the code that is hot is small enough to bear it. They are not arguments of `node`, because what
 * is compiled under other flags than the compile cache of the image is not taken from it.
 */
const COMPILER_FLAGS: readonly string[] = [
  '--max-inlined-bytecode-size=1000',
  '--max-inlined-bytecode-size-cumulative=3000',
  '--min-inlining-frequency=0.05',
];

function fail(log: Logger, error: unknown, what: string): never {
  const { message, stack, code } = error as Error & { code?: string };
  log.fatal({ code, reason: message, stack }, what);
  process.exit(1);
}

function readVersion(): string {
  const path = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

function main(): void {
  const parsed = parseArguments(process.argv.slice(2));
  if ('help' in parsed) {
    process.stdout.write(`${renderHelp()}\n`);
    return;
  }
  if ('errors' in parsed) {
    process.stderr.write(`${parsed.errors.join('\n')}\n`);
    process.exitCode = 2;
    return;
  }
  for (const flag of COMPILER_FLAGS) setFlagsFromString(flag);
  const { options } = parsed;
  const log = pino({
    level: options.logLevel,
    base: { cluster: options.cluster, shard: options.shard, member: options.member },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  process.on('uncaughtException', (error) => fail(log, error, 'uncaught exception'));
  process.on('unhandledRejection', (error) => fail(log, error, 'unhandled rejection'));
  const node = new Node(options, log, readVersion(), (error, what) => fail(log, error, what));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      void node.stop(signal).then(() => {
        log.info('stopped');
        process.exit(0);
      });
    });
  }
  node.start().catch((error: unknown) => fail(log, error, 'could not start'));
}

main();
