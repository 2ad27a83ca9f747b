// What `helm test` runs inside the Kubernetes cluster: a MemoryCluster (made and removed again, unless an
// existing one is named), a SET and a GET over TLS, following redirects, tried until they succeed or time
// is up. Needs nothing but Node.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';

const { NAMESPACE, CLUSTER, MAKE_CLUSTER, CLUSTER_DOMAIN, TIMEOUT_SECONDS } = process.env;
const deadline = Date.now() + Number(TIMEOUT_SECONDS) * 1000;
const host = `${CLUSTER}.${NAMESPACE}.svc.${CLUSTER_DOMAIN}`;
const port = 6379;
const clustersPath = `/apis/holdfast.dev/v1alpha1/namespaces/${NAMESPACE}/memoryclusters`;
const token = readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/token', 'utf8');

/** One request to the API server. Throws unless it succeeds or answers `also`. */
async function kubernetes(method, path, { body, also } = {}) {
  const response = await fetch(`https://kubernetes.default.svc.${CLUSTER_DOMAIN}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (response.ok || response.status === also) return answer;
  throw new Error(`${method} ${path}: ${answer.message}`);
}

/** Sends one command over a connection of its own; resolves to the first reply as text. */
function ask(ca, host, port, words) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ca, servername: host });
    let received = '';
    socket.setTimeout(5000, () => socket.destroy(new Error(`${host} did not answer in 5 s`)));
    socket.once('secureConnect', () => {
      const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
      socket.write(`*${words.length}\r\n${parts.join('')}`);
    });
    socket.on('data', (chunk) => {
      received += chunk;
      const end = received.indexOf('\r\n');
      if (end === -1) return;
      const line = received.slice(0, end);
      const length = line.startsWith('$') ? Number(line.slice(1)) : -1;
      if (length >= 0 && received.length < end + 4 + length) return;
      socket.end();
      resolve(length >= 0 ? received.slice(end + 2, end + 2 + length) : line);
    });
    socket.once('close', () => reject(new Error(`${host} closed the connection`)));
    socket.once('error', reject);
  });
}

/** As {@link ask}, at whichever member serves the key. */
async function askOwner(ca, words) {
  let at = { host, port };
  for (let hop = 0; hop < 5; hop++) {
    const reply = await ask(ca, at.host, at.port, words);
    const moved = /^-MOVED \d+ (.*):(\d+)$/.exec(reply);
    if (moved === null) {
      if (reply.startsWith('-')) throw new Error(reply.slice(1));
      return reply;
    }
    at = { host: moved[1] || at.host, port: Number(moved[2]) };
  }
  throw new Error('redirected five times');
}

async function setAndGet() {
  const configMap = `/api/v1/namespaces/${NAMESPACE}/configmaps/${CLUSTER}-ca`;
  const { data } = await kubernetes('GET', configMap);
  const key = 'holdfast-smoke';
  const value = `written ${new Date().toISOString()}`;
  const set = await askOwner(data['ca.crt'], ['SET', key, value]);
  if (set !== '+OK') throw new Error(`SET answered ${set}`);
  const got = await askOwner(data['ca.crt'], ['GET', key]);
  if (got !== value) throw new Error(`GET answered ${got} instead of ${value}`);
  return `SET and GET of ${key} at ${host}:${port}: ${got}`;
}

/** `attempt`, again and again until it succeeds or time is up. */
async function eventually(attempt) {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      console.log(`not yet: ${error.message}${error.cause ? ` (${error.cause.message})` : ''}`);
      await sleep(1000);
    }
  }
}

if (MAKE_CLUSTER === 'true') {
  const body = {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'MemoryCluster',
    metadata: { name: CLUSTER },
    spec: {
      description: 'Made by helm test.',
      numShards: 1,
      numReplicasPerShard: 0,
      storage: { reclaimPolicy: 'Delete' },
    },
  };
  await eventually(() => kubernetes('POST', clustersPath, { body, also: 409 }));
}
try {
  console.log(await eventually(setAndGet));
} finally {
  if (MAKE_CLUSTER === 'true') {
    await kubernetes('DELETE', `${clustersPath}/${CLUSTER}`, { also: 404 });
  }
}
