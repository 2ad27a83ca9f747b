/** Writes docs/OPERATOR-METRICS.md from the operator's metrics table: `npm run generate`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderMetrics } from './metrics.ts';

const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'OPERATOR-METRICS.md');
writeFileSync(path, renderMetrics());
