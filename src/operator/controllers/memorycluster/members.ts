/** What members are told: their shard's record, where the others are, settings. Pure. */
import type { PeerHint, Settings } from '#operator/nodeclient/wire.ts';
import { identityConfigMap } from '#operator/resources/secrets.ts';
import type { Json } from '#operator/api/object.ts';
import { memberHost, PEER_PORT } from '#operator/resources/names.ts';
import type { Action } from './actions.ts';
import type { ClusterView } from './cluster-view.ts';
import { decideSettings } from './settings.ts';

export function formationActions(view: ClusterView): readonly Action[] {
  if (view.clusterId === '') return [];
  return view.shards.flatMap(({ name, formation }): Action[] => {
    if (formation.step === 'record') {
      const record = formation.record as unknown as Json;
      return [{ type: 'create', manifest: identityConfigMap(view.context, name, record) }];
    }
    const record = view.observed.records.get(name);
    if (formation.step !== 'bootstrap' || record === undefined) return [];
    return formation.members.map((member) => ({ type: 'bootstrap', member, record }));
  });
}

/** Where everyone is, told to whoever answers and has not been told. Hints only. */
export function peerActions(view: ClusterView): readonly Action[] {
  const { observed, context, shards } = view;
  const ids = new Map<string, string>();
  for (const shard of shards) {
    const known = observed.previous?.shards.find(({ name }) => name === shard.name)?.members ?? [];
    for (const { name, memberId = '' } of known) ids.set(name, memberId);
    for (const voter of observed.records.get(shard.name)?.voters ?? [])
      ids.set(voter.name, voter.memberId);
  }
  const peers = view.members.map((member): PeerHint => {
    const memberId =
      observed.members.get(member.name)?.status?.memberId ?? ids.get(member.name) ?? '';
    return {
      name: member.name,
      shard: member.shard,
      ...(memberId === '' ? {} : { memberId }),
      kind: member.kind,
      host: memberHost(context, member.name),
      peerPort: PEER_PORT,
      clientPort: context.spec.port,
    };
  });
  const hash = JSON.stringify(peers);
  return [...observed.members.values()].flatMap(({ name, status, peersHash }): Action[] =>
    status === null || peersHash === hash ? [] : [{ type: 'put-peers', member: name, hash, peers }],
  );
}

export interface SettingsPlan {
  readonly actions: readonly Action[];
  readonly settings: Settings;
  /** The least revision over the data members of shards that are formed; 0 before. */
  readonly applied: number;
}

export function planSettings(view: ClusterView): SettingsPlan {
  const { observed, shards } = view;
  const statuses = [...observed.members.values()].map(({ status }) => status);
  const newest = Math.max(0, ...statuses.map((status) => status?.settingsRevision ?? 0));
  const { settings, changed } = decideSettings(observed.acl, observed.settings, newest);
  const data = view.members.filter(({ kind }) => kind === 'data');
  const before = observed.previous?.acl?.appliedRevision ?? 0;
  const revisions = data.map(
    // Of a member that cannot be asked it is known what it had; it cannot have become less.
    ({ name }) => observed.members.get(name)?.status?.settingsRevision ?? before,
  );
  const applied = Math.min(...revisions);
  if (changed) return { actions: [{ type: 'store-settings', settings }], settings, applied };
  const actions = shards.flatMap(({ primary }): Action[] =>
    primary === undefined || primary.status.settingsRevision >= settings.revision
      ? []
      : [{ type: 'put-settings', member: primary.name, settings }],
  );
  return { actions, settings, applied };
}
