/** A disk that belongs to a shard but lost its log must not vote again under its memberId (W7). */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { BootstrapRecord } from '#node/admin/handler.ts';
import { openIdentity } from '#node/log/identity.ts';

const MAIN = fileURLToPath(import.meta.resolve('#node/main.ts'));

/** Runs a node on `directory` until it exits by itself. */
function runNode(directory: string): Promise<{ code: number | null; output: string }> {
  const values = {
    member: 'm-001',
    shard: '0001',
    cluster: 'lost',
    'data-dir': directory,
    'client-port': '0',
    'peer-port': '0',
    'pulse-port': '0',
    'metrics-port': '0',
    'admin-port': '0',
    'client-host': '127.0.0.1',
    'peer-host': '127.0.0.1',
    'metrics-host': '127.0.0.1',
    'admin-host': '127.0.0.1',
  };
  const args = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn(process.execPath, [MAIN, ...args]);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, output })));
}

test('a node whose disk has a bootstrap record and no log exits and says what to do', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-lost-log-'));
  try {
    const identity = openIdentity<BootstrapRecord>(directory);
    const voter = { name: 'm-001', memberId: identity.memberId, kind: 'data' as const };
    identity.form({
      clusterId: 'c',
      shard: '0001',
      createdAt: '2026-01-01T00:00:00Z',
      voters: [{ ...voter, host: '127.0.0.1', peerPort: 1 }],
      slots: [[0, 16383]],
    });
    identity.close();
    const { code, output } = await runNode(directory);
    expect(code).toBe(1);
    expect(output).toContain('LOG_LOST');
    expect(output).toContain('must not vote again');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
