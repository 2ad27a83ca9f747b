/** A pod with redis-py and ioredis in it, and programs run inside. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Namespace } from './cluster.ts';
import { clientsImage } from './images.ts';
import { kubectl, run } from './shell.ts';

export interface ClientPodOptions {
  readonly name?: string;
  /** Mounted at /ca: the ConfigMap `<cluster>-ca`. '' without TLS. */
  readonly caConfigMap: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** '' leaves the node to the scheduler. */
  readonly node?: string;
}

export class ClientPod {
  readonly name: string;
  readonly #namespace: Namespace;

  private constructor(namespace: Namespace, name: string) {
    this.#namespace = namespace;
    this.name = name;
  }

  /** Starts the pod and waits for it. */
  static async start(namespace: Namespace, options: ClientPodOptions): Promise<ClientPod> {
    const { name = 'client', caConfigMap, environment = {}, node = '' } = options;
    const ca = caConfigMap === '' ? [] : [{ name: 'ca', configMap: { name: caConfigMap } }];
    await namespace.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        ...(node === '' ? {} : { nodeSelector: { 'kubernetes.io/hostname': node } }),
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'client',
            image: clientsImage(),
            imagePullPolicy: 'IfNotPresent',
            args: ['--eval', 'setInterval(() => undefined, 1e6)'],
            env: Object.entries(environment).map(([name, value]) => ({ name, value })),
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            volumeMounts: ca.map(({ name }) => ({ name, mountPath: '/ca' })),
          },
        ],
        volumes: ca,
      },
    });
    await namespace.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=120s');
    return new ClientPod(namespace, name);
  }

  /** Runs a program in the pod to its end; what it printed. */
  exec(
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    return run('kubectl', this.#words(words, environment));
  }

  /** Runs a program given as text: `python3 -` or `node --input-type=module -`. */
  script(
    interpreter: readonly string[],
    text: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    return kubectl(this.#words(interpreter, environment), { input: text });
  }

  /** Runs a program until it is told to stop. */
  start(words: readonly string[], environment: Readonly<Record<string, string>>): RunningProgram {
    return new RunningProgram(spawn('kubectl', this.#words(words, environment)));
  }

  #words(words: readonly string[], environment: Readonly<Record<string, string>>): string[] {
    const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const target = ['-n', this.#namespace.name, 'exec', '-i', this.name, '--'];
    return [...target, 'env', ...settings, ...words];
  }
}

/** A program in a pod that prints lines and ends when it is sent one. */
export class RunningProgram {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(child: ChildProcess) {
    this.#child = child;
    let complaints = '';
    child.stderr?.on('data', (chunk) => {
      complaints += String(chunk);
    });
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line));
    }
    this.#ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        if (code === 0) resolve();
        else reject(new Error(`the program ended with ${String(code)}: ${complaints}`));
      });
    });
    // Whoever stops it hears of its end; until then it is nobody's rejection.
    this.#ended.catch(() => undefined);
  }

  /** Tells it to stop and waits for its end; everything that it printed. */
  async stop(): Promise<readonly string[]> {
    this.#child.stdin?.write('stop\n');
    await this.#ended;
    return this.lines;
  }
}
