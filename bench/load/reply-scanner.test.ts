import { expect, test } from 'vitest';
import { ReplyScanner } from './reply-scanner.ts';

const STREAM =
  '+OK\r\n:12\r\n$5\r\nhello\r\n$-1\r\n$0\r\n\r\n*2\r\n:1\r\n*2\r\n$1\r\na\r\n+b\r\n*0\r\n*-1\r\n';
const REPLIES = 8;

test('every reply is counted once, wherever the stream is cut', () => {
  const bytes = Buffer.from(STREAM);
  for (let size = 1; size <= bytes.length; size++) {
    const scanner = new ReplyScanner();
    let count = 0;
    for (let at = 0; at < bytes.length; at += size) {
      count += scanner.scan(bytes, at, Math.min(at + size, bytes.length));
    }
    expect(count).toBe(REPLIES);
    expect(scanner.error).toBe('');
  }
});

test('a reply counts with its last byte and not before', () => {
  const bytes = Buffer.from('*2\r\n$2\r\nab\r\n:1\r\n');
  const scanner = new ReplyScanner();
  expect(scanner.scan(bytes, 0, bytes.length - 1)).toBe(0);
  expect(scanner.scan(bytes, bytes.length - 1, bytes.length)).toBe(1);
});

test('the first error is kept', () => {
  const bytes = Buffer.from('+OK\r\n-ERR unknown\r\n-OOM\r\n');
  const scanner = new ReplyScanner();
  expect(scanner.scan(bytes, 0, bytes.length)).toBe(3);
  expect(scanner.error).toBe('ERR unknown');
});
