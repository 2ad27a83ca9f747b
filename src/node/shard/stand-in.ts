/**
 * Who stands where the primary would in what a member tells clients of its own shard, while that has none.
 *
 * Redis goes on naming the primary that failed until another takes its place. A client that is told of nobody drops
 * its connections to the whole shard and looks for the cluster again from its seeds; one that is told of the dead
 * waits for it. Whoever is named answers by its own log alone, so a wrong name costs a redirect.
 *
 * @param candidates memberIds of the data members that vote.
 * @param lastPrimary who was primary last, as far as this member knows; '' when nobody was.
 * @param self this member, which is not primary.
 * @param electing no leader is known, but not for long: this member holds commands until there is one.
 * @returns a memberId; '' without candidates.
 */
export function standInOf(
  candidates: readonly string[],
  lastPrimary: string,
  self: string,
  electing: boolean,
): string {
  // the command waits here for the end of the election, and then runs or is redirected
  if (electing && candidates.includes(self)) return self;
  if (lastPrimary !== self && candidates.includes(lastPrimary)) return lastPrimary;
  return candidates.find((memberId) => memberId !== self) ?? candidates[0] ?? '';
}
