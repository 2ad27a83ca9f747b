/**
 * Where the time goes in the primary of 3 voters under one load: self time by room and by function, and
 * which part of its processor time is the kernel's.
 */
import { fill, runLoad } from '#bench/load/run.ts';
import {
  byFunction,
  byRoom,
  type CpuProfile,
  idlePart,
  type Share,
} from '#bench/measure/cpu-profile.ts';
import { Inspector } from '#bench/measure/inspector.ts';
import { figure, table } from '#bench/measure/markdown.ts';
import {
  cpuNanoseconds,
  mainThreadNanoseconds,
  mainThreadTicks,
  processTicks,
  type Ticks,
} from '#bench/measure/process-cpu.ts';
import { holdfast, type HoldfastServer } from '#bench/servers/holdfast.ts';
import { type Group, type GroupContext, progress } from './group.ts';
import { COMMANDS, withValue } from './throughput-cases.ts';

interface ProfileCase {
  readonly name: string;
  readonly command: string;
  readonly pipeline: number;
  readonly durability: 'sync' | 'async';
}

const CASES: readonly ProfileCase[] = [
  { name: 'get-p16', command: 'get', pipeline: 16, durability: 'sync' },
  { name: 'set-p16-durable', command: 'set', pipeline: 16, durability: 'sync' },
  { name: 'get-p1', command: 'get', pipeline: 1, durability: 'sync' },
  { name: 'set-p1-durable', command: 'set', pipeline: 1, durability: 'sync' },
  ...Object.keys(COMMANDS).map((command) => {
    return { name: `${command}-p16-async`, command, pipeline: 16, durability: 'async' } as const;
  }),
];

const VALUE_BYTES = 64;
const CONNECTIONS = 50;
const SAMPLE_MICROSECONDS = 200;
const FUNCTIONS = 30;
const LEAST_SECONDS = 2;

export const profile: Group = {
  name: 'profile',
  usual: ['get-p16', 'set-p16-durable'],
  all: CASES.map(({ name }) => name),
  run,
};

async function run({ settings, cases, directory }: GroupContext): Promise<string> {
  const seconds = Math.max(LEAST_SECONDS, settings.seconds * settings.rounds);
  const texts: string[] = [];
  for (const one of CASES.filter(({ name }) => cases.includes(name))) {
    progress(`profile: ${one.name}, ${seconds} s`);
    const { durability } = one;
    const voters = durability === 'sync' ? 3 : 1;
    const kind = holdfast({ title: `Holdfast, ${durability}`, voters, durability });
    const server = await kind.start(`${directory}/${one.name}`);
    try {
      texts.push(await profileOne(server, one, seconds));
    } finally {
      await server.stop();
    }
  }
  return texts.join('\n\n');
}

async function profileOne(
  server: HoldfastServer,
  { command, pipeline, durability }: ProfileCase,
  seconds: number,
): Promise<string> {
  const [pid] = server.pids();
  const { keys, before: filling } = COMMANDS[command];
  if (filling !== undefined) {
    await fill(server, [withValue(filling.command, VALUE_BYTES)], filling.count);
  }
  const load = {
    port: server.port,
    commands: [withValue(COMMANDS[command].command, VALUE_BYTES)],
    connections: CONNECTIONS,
    pipeline,
    keys,
  };
  // V8 compiles what is hot
  await runLoad({ ...load, seconds: 1 });
  const inspector = await Inspector.open(pid, server.logFile);
  await inspector.call('Profiler.enable');
  await inspector.call('Profiler.setSamplingInterval', { interval: SAMPLE_MICROSECONDS });
  const before = readCpu(pid);
  await inspector.call('Profiler.start');
  const result = await runLoad({ ...load, seconds });
  const { profile } = (await inspector.call('Profiler.stop')) as { profile: CpuProfile };
  const after = readCpu(pid);
  inspector.close();
  const title = `### ${command.toUpperCase()} P${pipeline}, ${durability}`;
  const perOperation = (after.all - before.all) / 1000 / result.commands;
  const main = (after.main - before.main) / (after.all - before.all);
  const facts = [
    `${figure(result.perSecond)} operations a second while profiled`,
    `${figure(perOperation)} µs CPU per operation, ${percent(main)} of it on the main thread`,
    `in the kernel: ${percent(kernelPart(before.mainTicks, after.mainTicks))} of the main thread's time, ` +
      `${percent(kernelPart(before.ticks, after.ticks))} of the whole process's`,
    `main thread idle for ${percent(idlePart(profile))}`,
  ];
  return [
    title,
    `${facts.join('; ')}.`,
    shareTable('room', byRoom(profile)),
    shareTable('function', byFunction(profile).slice(0, FUNCTIONS)),
  ].join('\n\n');
}

function readCpu(pid: number) {
  return {
    all: cpuNanoseconds(pid),
    main: mainThreadNanoseconds(pid),
    ticks: processTicks(pid),
    mainTicks: mainThreadTicks(pid),
  };
}

function kernelPart(before: Ticks, after: Ticks): number {
  const kernel = after.kernel - before.kernel;
  return kernel / Math.max(1, kernel + after.user - before.user);
}

function shareTable(what: string, shares: readonly Share[]): string {
  const rows = shares
    .filter(({ part }) => part >= 0.001)
    .map(({ name, part }) => [name, percent(part)]);
  return table([`self time by ${what}, of the main thread's busy time`, ''], rows);
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
