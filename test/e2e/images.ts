/**
 * The two images of a run: ours, and one with clients. Their tags are digests of what they are made from, so a run
 * builds only what has changed, and every test file computes the same names.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
export const CLIENTS_FOLDER = join(import.meta.dirname, 'clients');
export const PROJECT_FOLDER = ROOT;

/** E2E_IMAGE names an image that is there already: nothing is built then. */
export function holdfastImage(): string {
  const given = process.env['E2E_IMAGE'] ?? '';
  if (given !== '') return given;
  const files = ['Dockerfile', 'package.json', 'package-lock.json', 'src'];
  return `holdfast:e2e-${digest(files.map((name) => join(ROOT, name)))}`;
}

export function clientsImage(): string {
  const given = process.env['E2E_CLIENTS_IMAGE'] ?? '';
  return given === '' ? `holdfast-clients:e2e-${digest([CLIENTS_FOLDER])}` : given;
}

function digest(paths: readonly string[]): string {
  const hash = createHash('sha256');
  const visit = (path: string): void => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).toSorted()) visit(join(path, name));
    } else if (!path.endsWith('.test.ts')) {
      hash.update(relative(ROOT, path)).update('\0').update(readFileSync(path)).update('\0');
    }
  };
  for (const path of paths) visit(path);
  return hash.digest('hex').slice(0, 12);
}
