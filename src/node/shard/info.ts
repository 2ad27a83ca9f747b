/** What INFO says of a member. */
import type { Member } from './member.ts';
import type { NodeView } from './node-view.ts';
import type { MemberOptions } from './options.ts';
import type { ServingHost } from './serving.ts';

export function renderMemberInfo(
  _member: Member,
  _host: ServingHost,
  _node: NodeView,
  _options: MemberOptions,
  _sections: readonly string[],
): string {
  return '';
}
