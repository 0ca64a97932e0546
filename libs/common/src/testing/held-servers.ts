/** Jest gives global-setup and global-teardown module registries of their own, so what they share hangs on `process`. */
const SLOT = Symbol.for('odograph.test-servers');

export function holdServers(stopAll: () => Promise<void>): void {
  Reflect.set(process, SLOT, stopAll);
}

/** Stops what is held, once; nothing when nothing was started. */
export async function stopHeldServers(): Promise<void> {
  const stopAll: unknown = Reflect.get(process, SLOT);
  Reflect.deleteProperty(process, SLOT);
  if (typeof stopAll === 'function') await Reflect.apply(stopAll, undefined, []);
}
