// Prints one JSON line for each member that the cluster knows: its pod, its role and what its host name resolves to.
import { lookup } from 'node:dns/promises';
import { topology } from './member.mjs';

const { redis, shards } = await topology();
redis.disconnect();
for (const { endpoint, role } of shards.flatMap(({ nodes }) => nodes)) {
  const address = await lookup(endpoint).then(
    (found) => found.address,
    () => '',
  );
  console.log(JSON.stringify({ pod: endpoint.split('.', 1)[0], role, address }));
}
