// Prints one JSON line for each member that the cluster knows: its role, its host name and what that resolves to here.
import { lookup } from 'node:dns/promises';
import { topology } from './member.mjs';

const { redis, shards } = await topology();
redis.disconnect();
for (const { endpoint, role } of shards.flatMap(({ nodes }) => nodes)) {
  const address = await lookup(endpoint).then(
    (found) => found.address,
    () => '',
  );
  console.log(JSON.stringify({ host: endpoint, role, address }));
}
