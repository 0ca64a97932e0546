import { randomUUID } from 'node:crypto';
import { setTimeout as elapse } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type Client } from 'pg';
import { NOTIFICATION_INTENTS, partOf } from '@app/common/contracts';
import { type Percentiles, percentiles } from '../pipeline/percentiles';
import { TRACEPARENT } from './messages';
import { type RelayServers } from './servers';

const APPEND_PROBE = `WITH appended AS (
    INSERT INTO outbox.message (generation, part, topic, key, event_id, tenant_id, traceparent, payload)
    VALUES (1, $1, '${NOTIFICATION_INTENTS}', $2, $3, 'default', '${TRACEPARENT}', '{"subject":"probe"}'))
  SELECT pg_notify('outbox', '')`;
const LAST_ARRIVES_WITHIN_MS = 10_000;

/**
 * From sending COMMIT to the answer that a plain blocked XREAD of the target stream gets, in milliseconds, of messages
 * that are committed one by one at odd intervals. They go to a stream of their own, so that reading them costs nothing
 * beside a load.
 */
export async function commitToStream(
  servers: RelayServers,
  count: number,
  everyMs: number,
): Promise<Percentiles> {
  const producer = await servers.connect('probes');
  const reader = new Redis(servers.redis.url);
  const sentAt = new Map<string, number>();
  const tookMs: number[] = [];
  const reading = readProbes(reader, sentAt, tookMs, count);
  try {
    for (let sequence = 0; sequence < count; sequence += 1) {
      await commitProbe(producer, `probe ${sequence}`, sentAt);
      // Odd, so that they do not fall in step with the relays' own rests.
      await elapse(everyMs * (0.5 + Math.random()));
    }
    await Promise.race([reading, elapse(LAST_ARRIVES_WITHIN_MS, undefined, { ref: false })]);
    if (tookMs.length < count) throw new Error(`${tookMs.length} of ${count} probes arrived`);
    return percentiles(tookMs);
  } finally {
    reader.disconnect();
    await producer.end();
  }
}

async function commitProbe(producer: Client, key: string, sentAt: Map<string, number>): Promise<void> {
  const eventId = randomUUID();
  await producer.query('BEGIN');
  await producer.query({ name: 'probe', text: APPEND_PROBE, values: [partOf(key), key, eventId] });
  sentAt.set(eventId, performance.now());
  await producer.query('COMMIT');
}

async function readProbes(
  reader: Redis,
  sentAt: ReadonlyMap<string, number>,
  tookMs: number[],
  count: number,
): Promise<void> {
  let last = '0';
  while (tookMs.length < count) {
    const [stream] = (await reader.xread('BLOCK', 0, 'STREAMS', NOTIFICATION_INTENTS, last)) ?? [];
    const arrivedAt = performance.now();
    for (const [id, fields] of stream?.[1] ?? []) {
      last = id;
      const sent = sentAt.get(fields[fields.indexOf('event_id') + 1] ?? '');
      if (sent !== undefined) tookMs.push(arrivedAt - sent);
    }
  }
}
