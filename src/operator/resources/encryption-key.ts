/**
 * The Secret of `storage.encryption.secretName`, as far as it can be judged without the node: its key `key` is a
 * file of lines `<keyId> <64 hexadecimal digits>`, of which the node takes the first for what it writes and all for
 * what it reads (`node/log/key-file.ts`). Its content goes into no message.
 */

/** The key of the Secret's data, which is the file's name in the mount as well. */
export const ENCRYPTION_KEY = 'key';

const LINE = /^[A-Za-z0-9._-]{1,64}[ \t]+[0-9A-Fa-f]{64}$/;

/** What is wrong with the key file, in words without its content; null when nothing is. */
export function encryptionKeyProblem(text: string): string | null {
  const lines = text.split('\n').map((line) => line.trim());
  const given = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (given.length === 0) return 'it has no line';
  const wrong = lines.findIndex((line) => line !== '' && !line.startsWith('#') && !LINE.test(line));
  if (wrong >= 0) return `line ${wrong + 1} is not a key id and 64 hexadecimal digits`;
  const ids = new Set(given.map((line) => line.split(/[ \t]/, 1)[0]));
  return ids.size < given.length ? 'two lines have the same key id' : null;
}
