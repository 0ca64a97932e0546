import { type DeviceState, type Resettling } from '../domain';

/** A device's state as it was after this process's last commit of it. */
export interface KnownState {
  readonly state: DeviceState | 'unreadable';
  readonly resettling: Resettling | null;
  /** `device_state.version`: whoever writes a state writes over this version or not at all. */
  readonly version: bigint;
}

/**
 * States of devices, the least recently used dropped first. Only a hint: what follows from an entry is stored over its
 * version alone, so an entry that somebody else's write has made stale decides nothing. No two lanes ask for one device,
 * since a device belongs to one shard and a shard to one lane: so no state is read twice at once.
 */
export class StateCache {
  private readonly entries = new Map<bigint, KnownState>();

  /** @param maxDevices 0 keeps none. */
  constructor(private readonly maxDevices: number) {}

  get size(): number {
    return this.entries.size;
  }

  get(deviceId: bigint): KnownState | undefined {
    const found = this.entries.get(deviceId);
    if (found === undefined) return undefined;
    // Anew at the end, so that the first of the map is the one used longest ago.
    this.entries.delete(deviceId);
    this.entries.set(deviceId, found);
    return found;
  }

  put(deviceId: bigint, known: KnownState): void {
    this.entries.delete(deviceId);
    this.entries.set(deviceId, known);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.maxDevices) break;
      this.entries.delete(oldest);
    }
  }

  drop(deviceIds: Iterable<bigint>): void {
    for (const deviceId of deviceIds) this.entries.delete(deviceId);
  }

  clear(): void {
    this.entries.clear();
  }
}
