import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Where a running stack listens; what `odo env` prints. The database URL is the owner's. */
export interface StackAddresses {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly edge: { readonly host: string; readonly port: number };
  /** Probe port by app instance. */
  readonly probes: Readonly<Record<string, number>>;
}

/** Whole or not there: a reader never sees half of it. */
export function writeStackFile(path: string, addresses: StackAddresses): void {
  mkdirSync(dirname(path), { recursive: true });
  const building = `${path}.${process.pid}`;
  // For this user alone: the URLs may hold passwords.
  writeFileSync(building, `${JSON.stringify(addresses, null, 2)}\n`, { mode: 0o600 });
  renameSync(building, path);
}

export function removeStackFile(path: string): void {
  rmSync(path, { force: true });
}
