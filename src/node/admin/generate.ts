/** Writes docs/METRICS.md from the metrics table: `node src/node/admin/generate.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderMetrics } from './registry.ts';

const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'METRICS.md');
writeFileSync(path, renderMetrics());
