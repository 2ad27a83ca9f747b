/** A driver that is an executable, such as the lab's. */
import type { Driver } from './driver.ts';
import { listNodes } from './driver-nodes.ts';
import { run } from './shell.ts';

export function execDriver(executable: string): Driver {
  const call = async (...words: string[]): Promise<void> => {
    await run(executable, words, { timeoutMs: 900_000 });
  };
  return {
    name: executable,
    buildAndLoadImage: (image, folder) => call('build-image', image, folder),
    stopNode: (node) => call('node', 'stop', node),
    startNode: (node) => call('node', 'start', node),
    freezeNode: (node) => call('node', 'freeze', node),
    thawNode: (node) => call('node', 'thaw', node),
    cutLink: (node, other) => call('cut', node, other),
    heal: () => call('heal'),
    nodes: listNodes,
  };
}
