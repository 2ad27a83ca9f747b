/**
 * The settings last decided, kept in the Secret `<cluster>-settings`: digests of passwords are in it, so it is a
 * Secret. Losing it is harmless: the next revision starts above what the members report.
 */
import { secretText } from '#operator/controllers/secrets.ts';
import type { World } from '#operator/controllers/world.ts';
import type { Settings } from '#operator/nodeclient/wire.ts';
import { ownedMetadata } from '#operator/resources/manifest.ts';
import type { ClusterContext, Manifest } from '#operator/resources/manifest.ts';

const KEY = 'settings.json';

export function settingsSecretName(cluster: string): string {
  return `${cluster}-settings`;
}

export function settingsSecret(context: ClusterContext, settings: Settings): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: ownedMetadata(context, settingsSecretName(context.name)),
    type: 'Opaque',
    data: { [KEY]: Buffer.from(JSON.stringify(settings)).toString('base64') },
  };
}

/** null when there is none, or none that can be read. */
export async function readSettings(
  world: World,
  namespace: string,
  cluster: string,
  ownerUid: string,
): Promise<Settings | null> {
  const secret = await world.secrets.readOwned(namespace, settingsSecretName(cluster), ownerUid);
  const text = secretText(secret, KEY);
  if (text === '') return null;
  try {
    const settings = JSON.parse(text) as Settings;
    return Number.isSafeInteger(settings.revision) && Array.isArray(settings.users)
      ? settings
      : null;
  } catch {
    return null;
  }
}
