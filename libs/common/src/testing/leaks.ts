import { Server, Socket } from 'node:net';
import { eventually } from './eventually';
import { type OpenTimers } from './open-timers';

/** What node calls the resources that a test file must give back; the rest (files, DNS, pipes to stdout) is Jest's. */
const WATCHED: Record<string, string> = {
  TCPSocketWrap: 'socket',
  TCPServerWrap: 'listening server',
  TLSWrap: 'TLS socket',
  UDPWrap: 'UDP socket',
  ProcessWrap: 'child process',
  FSEventWrap: 'file watcher',
  SignalWrap: 'signal handler',
  MessagePort: 'worker or message port',
};

export type OpenResources = ReadonlyMap<string, number>;

/** How many of each watched kind keep this process alive now. */
export function openResources(): OpenResources {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) {
    const kind = WATCHED[name];
    if (kind) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/**
 * Fails, naming what it is, when more is open than `before` after `graceMs`. The grace is for closings that are under
 * way: a socket is gone some turns of the event loop after its end().
 */
export async function expectNothingLeaked(
  before: OpenResources,
  timers: OpenTimers,
  graceMs = 1_000,
): Promise<void> {
  let leaked: string[] = [];
  try {
    await eventually(
      () =>
        (leaked = [...leakedSince(before), ...timers.places().map((place) => `timer made ${place}`)])
          .length === 0,
      {
        what: 'handles',
        timeoutMs: graceMs,
      },
    );
  } catch (error) {
    throw new Error(
      `this file leaves open: ${leaked.join(', ')}. Close clients, servers, timers and child processes in the test ` +
        `or in afterAll. Open now: ${describeHandles().join('; ') || 'nothing else'}`,
      { cause: error },
    );
  }
}

function leakedSince(before: OpenResources): string[] {
  return [...openResources()].flatMap(([kind, count]) => {
    const more = count - (before.get(kind) ?? 0);
    return more > 0 ? [`${more} ${kind}${more > 1 ? 's' : ''}`] : [];
  });
}

/** Addresses and pids, so that a socket can be told from another. Node has no public way to list handles. */
function describeHandles(): string[] {
  const list: unknown = Reflect.get(process, '_getActiveHandles');
  const handles: unknown = typeof list === 'function' ? Reflect.apply(list, process, []) : [];
  return Array.isArray(handles) ? handles.flatMap((handle: unknown) => describeHandle(handle) ?? []) : [];
}

function describeHandle(handle: unknown): string | undefined {
  if (handle instanceof Server) return `server on ${JSON.stringify(handle.address())}`;
  if (handle instanceof Socket && handle.remotePort) {
    return `socket from port ${handle.localPort} to ${handle.remoteAddress}:${handle.remotePort}`;
  }
  if (typeof handle === 'object' && handle !== null && 'spawnfile' in handle && 'pid' in handle) {
    return `process ${String(handle.pid)} (${String(handle.spawnfile)})`;
  }
  return undefined;
}
