import { notificationId } from '@app/common/contracts';
import { type OdoInTest } from './command-line.testing';

export interface RecordWish {
  readonly key: string;
  readonly type?: string;
  readonly subject?: string;
  readonly producer?: string;
  /** Before now. */
  readonly ageMs?: number;
  readonly expiresInMs?: number;
  readonly payload?: Record<string, unknown>;
}

/** Writes a record as the intake does and answers its id. */
export async function addRecord(odo: OdoInTest, wish: RecordWish): Promise<string> {
  const {
    key,
    type = 'vehicle.overspeed.started',
    subject = '356307042441013',
    producer = 'processor',
  } = wish;
  const id = notificationId(producer, key);
  await odo.query(
    `INSERT INTO notification.record (notification_id, tenant_id, notification_type, producer, audience_kind,
       recipient_user_ids, idempotency_key, fingerprint, subject, payload, traceparent, occurred_at, expires_at, accepted_at)
     VALUES ($1, 'default', $2, $3, 'user', '{ann}', $4, 'f', $5, $6::text::jsonb, 't',
       now() - $7 * interval '1 ms', now() + $8 * interval '1 ms', now() - $7 * interval '1 ms')`,
    [
      ...[id, type, producer, key, subject, JSON.stringify(wish.payload ?? {})],
      ...[wish.ageMs ?? 0, wish.expiresInMs ?? 3_600_000],
    ],
  );
  return id;
}

/** Writes a route with whatever columns are given, and answers its id. */
export async function addRoute(
  odo: OdoInTest,
  notification: string,
  columns: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { channel = 'push', recipient = 'ann', state = 'pending', ...rest } = columns;
  const isWaiting = ['pending', 'scheduled', 'retrying'].includes(String(state));
  const row: Record<string, unknown> = {
    route_id: `${String(channel)}:${notification}:${String(recipient)}`,
    ...{
      notification_id: notification,
      tenant_id: 'default',
      channel,
      recipient,
      locale: 'en',
      state,
      max_attempts: 6,
    },
    ...(channel === 'email' ? { address: `${String(recipient)}@example.com` } : {}),
    ...(isWaiting ? { next_attempt_at: new Date(Date.now() + 3_600_000) } : {}),
    ...rest,
  };
  const names = Object.keys(row);
  await odo.query(
    `INSERT INTO notification.route (${names.join(', ')}) VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(row),
  );
  return String(row['route_id']);
}

export interface DecisionWish {
  readonly decision: string;
  readonly reason: string;
  readonly detail?: Record<string, unknown>;
  readonly attempt?: number;
}

export async function addDecision(
  odo: OdoInTest,
  routeId: string,
  { decision, reason, detail = {}, attempt = 1 }: DecisionWish,
): Promise<void> {
  await odo.query(
    `INSERT INTO notification.route_decision (route_id, attempt, decision, reason, detail)
     VALUES ($1, $2, $3, $4, $5::text::jsonb)`,
    [routeId, attempt, decision, reason, JSON.stringify(detail)],
  );
}

/** Writes a dead route with its letter, as a publisher that has tried often enough. */
export async function addDead(
  odo: OdoInTest,
  notification: string,
  columns: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly letter: string; readonly route: string }> {
  const route = await addRoute(odo, notification, {
    ...{
      channel: 'email',
      state: 'dead_lettered',
      reason: 'mail_stream_publish_failed',
      attempts: 8,
      max_attempts: 8,
    },
    ...{ last_error: 'ERR no' },
    ...columns,
  });
  return { route, letter: await addLetter(odo, route) };
}

/** The letter of a route that was given up. */
export async function addLetter(odo: OdoInTest, route: string): Promise<string> {
  const [row] = await odo.query(
    `INSERT INTO notification.dead_letter
       (route_id, notification_id, tenant_id, channel, recipient, attempts, error_class, error_message)
     SELECT route_id, notification_id, tenant_id, channel, recipient, attempts, reason, last_error
     FROM notification.route WHERE route_id = $1 RETURNING id::text`,
    [route],
  );
  return String(row?.['id']);
}

export const clearNotifications = (odo: OdoInTest): Promise<unknown> =>
  odo.query('TRUNCATE notification.record, notification.malformed_intent CASCADE');

/** Everything that stands in a route's row. */
export async function routeRow(odo: OdoInTest, routeId: string): Promise<Record<string, unknown>> {
  const [row] = await odo.query('SELECT * FROM notification.route WHERE route_id = $1', [routeId]);
  if (row === undefined) throw new Error(`there is no route ${routeId}`);
  return row;
}

export const decisionsOfRoute = (odo: OdoInTest, routeId: string): Promise<Record<string, unknown>[]> =>
  odo.query(
    'SELECT decision, reason, detail, attempt FROM notification.route_decision WHERE route_id = $1 ORDER BY id',
    [routeId],
  );
