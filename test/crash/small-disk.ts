/**
 * A small file system of its own for a member's data: an image, mounted over a loop device. Needs root; where that
 * or loop devices are missing, {@link whyNoSmallDisks} says so.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 1024 * 1024;
const CHUNK = new Uint8Array(MIB);

export class SmallDisk {
  readonly path: string;
  readonly #image: string;

  /** Mounts a new ext4 of about `bytes` at `path`. Throws when that cannot be done. */
  constructor(path: string, bytes: number) {
    this.path = path;
    this.#image = `${path}.img`;
    mkdirSync(path, { recursive: true });
    writeFileSync(this.#image, '');
    truncateSync(this.#image, bytes);
    execFileSync('mkfs.ext4', ['-q', '-m', '0', this.#image]);
    execFileSync('mount', ['-o', 'loop', this.#image, path]);
    rmSync(join(path, 'lost+found'), { recursive: true, force: true });
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Takes space away until so little is left, with a file of its own. */
  fill(leaveBytes: number): void {
    const file = openSync(join(this.path, 'ballast'), 'a');
    try {
      for (;;) {
        const more = Math.min(MIB, this.freeBytes - leaveBytes);
        if (more < 4096) break;
        writeSync(file, CHUNK, 0, more);
        fsyncSync(file);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Gives back what {@link fill} took. */
  free(): void {
    rmSync(join(this.path, 'ballast'), { force: true });
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.path]);
    rmSync(this.#image, { force: true });
  }
}

/** Null when small disks can be made here, else why not. */
export function whyNoSmallDisks(): string | null {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-mount-'));
  try {
    new SmallDisk(join(directory, 'disk'), 8 * MIB).unmount();
    return null;
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
