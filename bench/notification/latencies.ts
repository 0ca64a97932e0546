import { setTimeout as elapse } from 'node:timers/promises';
import { addedAtMs } from '@app/common/streams';
import { type BenchIntent, notificationOf, ROUTES_AN_INTENT } from './intents';
import { type NotificationServers, TARGETS } from './servers';

const READ_AT_ONCE = 5_000;
const TICK_MS = 2;
/** Of the entries in the target streams: the route's id. */
const ID_FIELDS = new Set(['event_id', 'delivery_id']);

/** Intents that were sent, by notification id: when Redis took them, in ms. */
export type SentAt = Map<string, number>;

/** Sends intents evenly for so long. */
export async function sendEvenly(
  servers: NotificationServers,
  perS: number,
  forMs: number,
  next: () => BenchIntent,
): Promise<SentAt> {
  const sentAt: SentAt = new Map();
  const startedAt = performance.now();
  const total = Math.round((perS * forMs) / 1000);
  while (sentAt.size < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - startedAt) * perS) / 1000));
    await sendNow(servers, sentAt, Array.from({ length: due - sentAt.size }, next));
    await elapse(TICK_MS);
  }
  return sentAt;
}

export async function sendNow(
  servers: NotificationServers,
  sentAt: SentAt,
  intents: readonly BenchIntent[],
): Promise<void> {
  const ids = await servers.send(intents);
  intents.forEach((intent, i) => sentAt.set(notificationOf(intent), addedAtMs(ids[i] ?? '')));
}

export interface Arrivals {
  /** By notification id: from the intent's entry to the last of its routes' entries, in ms by the clock of Redis. */
  readonly tookMs: ReadonlyMap<string, number>;
  /** When the last of all came. */
  readonly lastAtMs: number;
}

/**
 * Waits until the routes of all intents stand in the streams, then says how long each intent took. Entry ids are times
 * by the clock of one server, so nobody has to read along and slow down what is measured.
 *
 * @throws Error where an intent of those has more routes or fewer.
 */
export async function arrivals(
  servers: NotificationServers,
  sentAt: ReadonlyMap<string, number>,
  otherRoutes = 0,
): Promise<Arrivals> {
  await servers.published(sentAt.size * ROUTES_AN_INTENT + otherRoutes);
  const arrived = new Map<string, { count: number; lastAtMs: number }>();
  let lastAtMs = 0;
  for (const stream of TARGETS) {
    for await (const { routeId, atMs } of routesIn(servers, stream)) {
      const notification = routeId.split(':')[1] ?? '';
      const { count = 0, lastAtMs: before = 0 } = arrived.get(notification) ?? {};
      arrived.set(notification, { count: count + 1, lastAtMs: Math.max(before, atMs) });
      lastAtMs = Math.max(lastAtMs, atMs);
    }
  }
  const tookMs = new Map<string, number>();
  for (const [notification, sent] of sentAt) {
    const { count = 0, lastAtMs: last = NaN } = arrived.get(notification) ?? {};
    if (count !== ROUTES_AN_INTENT) throw new Error(`${count} routes of intent ${notification}`);
    tookMs.set(notification, last - sent);
  }
  return { tookMs, lastAtMs };
}

async function* routesIn(servers: NotificationServers, stream: string) {
  let from = '-';
  for (;;) {
    const entries = await servers.commands.xrange(stream, from, '+', 'COUNT', READ_AT_ONCE);
    for (const [id, fields] of entries) {
      const at = fields.findIndex((name, i) => i % 2 === 0 && ID_FIELDS.has(name));
      yield { routeId: fields[at + 1] ?? '', atMs: addedAtMs(id) };
    }
    const last = entries.at(-1);
    if (last === undefined) return;
    from = `(${last[0]}`;
  }
}
