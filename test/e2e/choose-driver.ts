/**
 * The driver of this run. E2E_DRIVER names an executable with the commands `build-image IMAGE FOLDER`,
 * `node stop|start|freeze|thaw NODE`, `cut NODE NODE|control`, `heal`. Without it the nodes are Docker
 * containers made by kind.
 */
import type { Driver } from './driver.ts';
import { execDriver } from './driver-exec.ts';
import { kindDriver } from './driver-kind.ts';

export function driver(): Driver {
  const executable = process.env['E2E_DRIVER'];
  return executable === undefined || executable === '' ? kindDriver() : execDriver(executable);
}
