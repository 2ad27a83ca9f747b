/** The versions that clients are told: the Redis that is matched, and our own. */

/** The Redis whose behaviour this is (reference/conformance.md: say one version and be it). */
export const REDIS_VERSION = '7.2.4';
