import { expect, test } from 'vitest';
import { SimShard } from './shard.ts';

test('a shard elects a primary, serves a write and a read', () => {
  const shard = new SimShard({ seed: 1 });
  const primary = shard.ready();
  const client = shard.connect(primary);
  client.command('SET', 'k', 'v');
  shard.world.runWhile(() => client.replies.length === 1, 1000);
  client.command('GET', 'k');
  shard.world.runWhile(() => client.replies.length === 2, 1000);
  expect(client.replies).toEqual(['OK', 'v']);
});
