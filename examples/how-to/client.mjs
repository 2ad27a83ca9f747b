// ioredis against the cluster of this folder, from a pod that mounts ConfigMap my-memorydb-cluster-ca at /ca
// and has the password in PASSWORD.
import { readFileSync } from 'node:fs';
import { Cluster } from 'ioredis';

const host = process.env.HOST ?? 'my-memorydb-cluster';
const client = new Cluster([{ host, port: 6379 }], {
  // Names of members are kept as they are, because the certificate is checked by name.
  dnsLookup: (address, callback) => callback(null, address),
  scaleReads: 'slave',
  // A node that freezes closes no connection: without time-outs its clients wait for as long as TCP does.
  slotsRefreshInterval: 2000,
  slotsRefreshTimeout: 2000,
  redisOptions: {
    connectTimeout: 2000,
    commandTimeout: 2000,
    username: 'app-user',
    password: process.env.PASSWORD,
    tls: { rejectUnauthorized: true, ca: readFileSync('/ca/ca.crt') },
  },
});

await client.set('greeting', 'hello');
console.log(await client.get('greeting'));

await client.hset('account:1', { name: 'Ada', plan: 'free' });
console.log(await client.hgetall('account:1'));

await client.quit();
