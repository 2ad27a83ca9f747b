/** `node test/crash/run.ts [--rounds 50] [--seed N] [--replicas 1] [--tls]`: the crash test by hand. */
import { parseArgs } from 'node:util';
import { crash, describeReport } from './rounds.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    replicas: { type: 'string', default: '1' },
    tls: { type: 'boolean', default: false },
  },
});

console.log(`seed ${values.seed}`);
const report = await crash({
  rounds: Number(values.rounds),
  seed: Number(values.seed),
  numReplicasPerShard: Number(values.replicas),
  tlsEnabled: values.tls,
  onRound: (line) => console.log(line),
});
console.log(describeReport(report));
process.exitCode = report.violations.length === 0 ? 0 : 1;
