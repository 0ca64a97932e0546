import { randomUUID } from 'node:crypto';
import { type Client } from 'pg';

/** Rows of notification as if they had been written so many days ago, for specs; written as the owner. */

/** A record; one statement's records are accepted at the same microsecond. */
export async function recordsAgo(
  client: Client,
  days: number,
  count = 1,
  state = 'routed',
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await client.query(
    `INSERT INTO notification.record (notification_id, tenant_id, notification_type, producer, audience_kind,
       recipient_user_ids, idempotency_key, fingerprint, subject, payload, traceparent, occurred_at, accepted_at, state,
       next_lookup_at)
     SELECT id, 'default', 'vehicle.sos', 'processor', 'user', '{anna}', id::text, 'f', '7', '{}', 't', at, at, $3,
       CASE $3 WHEN 'waiting' THEN now() END
     FROM unnest($1::uuid[]) AS id, (SELECT now() - $2 * interval '1 day' AS at) AS age`,
    [ids, days, state],
  );
  return ids;
}

export async function recordAgo(client: Client, days: number, state = 'routed'): Promise<string> {
  const [id] = await recordsAgo(client, days, 1, state);
  if (id === undefined) throw new Error('nothing was written');
  return id;
}

const REASONED = ['scheduled', 'skipped', 'superseded', 'expired', 'dead_lettered'];

/** A route with one decision, last changed when its record was accepted, or so many days ago. */
export async function routeOf(
  client: Client,
  recordId: string,
  state: string,
  { changedDaysAgo, foldedInto }: { changedDaysAgo?: number; foldedInto?: string } = {},
): Promise<string> {
  const routeId = `push:${recordId}/${randomUUID()}`;
  await client.query(
    `INSERT INTO notification.route (route_id, notification_id, tenant_id, channel, recipient, locale, state, reason,
       max_attempts, next_attempt_at, lease_token, leased_until, published_at, folded_into, updated_at)
     SELECT $1, r.notification_id, 'default', 'push', 'anna', 'en', $3, $4, 6,
       CASE WHEN $3 IN ('pending', 'scheduled', 'retrying') THEN now() END,
       CASE WHEN $3 = 'publishing' THEN gen_random_uuid() END, CASE WHEN $3 = 'publishing' THEN now() END,
       CASE WHEN $3 = 'published' THEN r.accepted_at END, $5, coalesce(now() - $6 * interval '1 day', r.accepted_at)
     FROM notification.record AS r WHERE r.notification_id = $2`,
    [routeId, recordId, state, REASONED.includes(state) ? 'digest' : null, foldedInto, changedDaysAgo],
  );
  await client.query(
    `INSERT INTO notification.route_decision (route_id, attempt, decision, reason) VALUES ($1, 1, 'retried', 'x')`,
    [routeId],
  );
  return routeId;
}

/** A dead letter of a route. */
export async function letterOf(
  client: Client,
  routeId: string,
  daysAgo: number,
  isResolved = false,
): Promise<void> {
  await client.query(
    `WITH letter AS (
       INSERT INTO notification.dead_letter
         (route_id, notification_id, tenant_id, channel, recipient, attempts, error_class, error_message, failed_at)
       SELECT route_id, notification_id, tenant_id, channel, recipient, 6, 'gateway_stream_publish_failed', 'x',
         now() - $2 * interval '1 day'
       FROM notification.route WHERE route_id = $1 RETURNING id)
     INSERT INTO notification.dead_letter_resolution (dead_letter_id, resolution, resolved_by)
     SELECT id, 'resolved', 'op' FROM letter WHERE $3`,
    [routeId, daysAgo, isResolved],
  );
}
