/**
 * Loaded into every member of a local cluster (`node --import`): when the process that started it is
 * gone, however it went, its end of our stdin closes and the member stops as if told to. Without this
 * a `kill -9` of the supervisor would leave members that hold ports and disks.
 */
process.stdin.on('close', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.on('error', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.resume();
// The pipe must not keep a member alive that has closed everything else.
if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref();
