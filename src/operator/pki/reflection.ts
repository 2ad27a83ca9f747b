/**
 * The three functions of the Reflect Metadata proposal that `tsyringe` (a part of `@peculiar/x509`)
 * calls while it is loaded. Its classes carry no metadata that we need, so a WeakMap is enough.
 * Must be imported before `@peculiar/x509`; leaves a fuller implementation alone.
 */
const store = new WeakMap<object, Map<unknown, unknown>>();

const functions = {
  defineMetadata(key: unknown, value: unknown, target: object): void {
    const metadata = store.get(target) ?? new Map<unknown, unknown>();
    store.set(target, metadata.set(key, value));
  },
  getOwnMetadata(key: unknown, target: object): unknown {
    return store.get(target)?.get(key);
  },
  getMetadata(key: unknown, target: object): unknown {
    for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
      const metadata = store.get(at);
      if (metadata?.has(key) === true) return metadata.get(key);
    }
    return undefined;
  },
};

for (const [name, value] of Object.entries(functions)) {
  if (!Reflect.has(Reflect, name)) {
    Object.defineProperty(Reflect, name, { value, configurable: true, writable: true });
  }
}
