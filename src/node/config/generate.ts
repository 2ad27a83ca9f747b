/** Writes docs/OPTIONS.md from the option table: `node src/node/config/generate.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderOptions } from './arguments.ts';

const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'OPTIONS.md');
writeFileSync(path, renderOptions());
