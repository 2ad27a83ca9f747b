/** Names that clients may give to themselves. */

/** Longest name, library name or version taken, in bytes: CLIENT LIST shows them. */
const NAME_BYTES_MAX = 512;

/** Printable ASCII without space (Redis: validateClientAttr); one character a byte. */
export function isClientName(name: string): boolean {
  return name.length <= NAME_BYTES_MAX && /^[!-~]*$/.test(name);
}
