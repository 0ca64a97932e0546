import { FLEET_EVENTS } from '@app/common/contracts';
import { type Relays } from './relays';
import { type RelayServers } from './servers';

const READ_AT_ONCE = 5_000;

export interface DrainFigures {
  readonly perS: number;
  /** Microseconds of CPU a message; of all relays together. */
  readonly cpuUs: Readonly<Record<'relays' | 'postgres' | 'redis', number>>;
}

/**
 * Drains a full backlog: the messages are committed behind an open writer, which the relays must not pass, and its
 * commit lets them go. The time ends when the last one stands in the stream. `onFilled` is told right before.
 */
export async function drainBacklog(
  servers: RelayServers,
  relays: Relays,
  count: number,
  onFilled: () => Promise<void> = () => Promise.resolve(),
): Promise<DrainFigures> {
  const gate = await servers.connect('gate');
  await gate.query('BEGIN');
  await gate.query('SELECT pg_current_xact_id()');
  await servers.fill(count);
  await gate.query("SELECT pg_notify('outbox', '')");
  await onFilled();
  const before = { ...servers.cpuSeconds(), relays: relays.cpuSeconds };
  const startedAt = performance.now();
  await gate.query('COMMIT');
  await servers.streamHolds(count);
  const tookMs = performance.now() - startedAt;
  const after = { ...servers.cpuSeconds(), relays: relays.cpuSeconds };
  await gate.end();
  await servers.drained();
  const us = (of: keyof typeof before): number => ((after[of] - before[of]) * 1e6) / count;
  return {
    perS: (count * 1000) / tookMs,
    cpuUs: { relays: us('relays'), postgres: us('postgres'), redis: us('redis') },
  };
}

/** @throws Error where the stream does not hold every message once. */
export async function checkStream(servers: RelayServers, count: number): Promise<void> {
  const seen = new Set<string>();
  let from = '-';
  for (;;) {
    const entries = await servers.commands.xrange(FLEET_EVENTS, from, '+', 'COUNT', READ_AT_ONCE);
    for (const [, fields] of entries) seen.add(fields[fields.indexOf('event_id') + 1] ?? '');
    const last = entries.at(-1);
    if (last === undefined) break;
    from = `(${last[0]}`;
  }
  if (seen.size !== count) throw new Error(`${seen.size} different events of ${count} messages`);
}
