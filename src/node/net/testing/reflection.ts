/**
 * `@peculiar/x509` loads `tsyringe`, which asks for the Reflect Metadata proposal while it is loaded.
 * Nothing that the tests use keeps metadata, so functions that do nothing are enough.
 */
for (const name of ['defineMetadata', 'getOwnMetadata', 'getMetadata']) {
  if (Reflect.has(Reflect, name)) continue;
  Object.defineProperty(Reflect, name, { value: () => undefined, configurable: true });
}
