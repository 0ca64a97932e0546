import { partOf } from '@app/common/contracts';
import { OdoInTest } from '../command-line.testing';

/** Helpers of this folder's specs: rows as the producer and the relay leave them behind. */

export const FLEET = 'fleet:events';
export const INTENTS = 'notification:intents';

export interface Place {
  readonly generation: number;
  readonly xid: number;
  readonly id: number;
}

export const eventIdOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** What is in the way of a spec. */
export async function clearOutbox(odo: OdoInTest): Promise<void> {
  await odo.query('TRUNCATE outbox.message, outbox.retry, outbox.replay, outbox.dead_letter, outbox.pause');
  await odo.query(`UPDATE outbox.cursor SET generation = 0, xid = '0', id = 0, acknowledged = '{}'`);
}

interface MessageOptions {
  readonly key?: string;
  readonly topic?: string;
  readonly payload?: object;
  readonly at?: string;
}

/** A message of the log lane; `xid` is its place in its part, `n` names its event. */
export async function addMessage(
  odo: OdoInTest,
  n: number,
  {
    key = 'device-0001',
    topic = FLEET,
    payload = { n: String(n) },
    at = '2026-01-31T08:00:00Z',
  }: MessageOptions = {},
): Promise<void> {
  await odo.query(
    `INSERT INTO outbox.message (generation, xid, part, topic, key, event_id, tenant_id, traceparent, payload, created_at)
     VALUES (1, $1::text::xid8, $2, $3, $4, $5, 'default', 't', $6, $7)`,
    [String(n), partOf(key), topic, key, eventIdOf(n), JSON.stringify(payload), at],
  );
}

/** All with an xid up to this one is published. */
export async function moveCursors(odo: OdoInTest, xid: number): Promise<void> {
  await odo.query(`UPDATE outbox.cursor SET generation = 1, xid = $1::text::xid8, id = 9000000000`, [
    String(xid),
  ]);
}

interface RowOptions {
  readonly kind?: 'parked' | 'timer' | 'replay';
  readonly state?: string;
  readonly key?: string;
  readonly topic?: string;
  readonly leasedAt?: string | null;
  readonly timerId?: string | null;
  readonly dueIn?: string;
}

/** A row of the retry lane; gives its number. A parked one has its place by `n`. */
export async function addRow(odo: OdoInTest, n: number, options: RowOptions = {}): Promise<string> {
  const { kind = 'parked', state = 'open', key = 'device-0001', topic = FLEET } = options;
  const { leasedAt = null, timerId = null, dueIn = '1 hour' } = options;
  const isParked = kind === 'parked';
  const [row] = await odo.query(
    `INSERT INTO outbox.retry (kind, state, part, generation, xid, message_id, topic, key, event_id, tenant_id,
       traceparent, payload, timer_id, attempts, deliveries, first_attempt_at, last_error, next_attempt_at,
       lease_token, leased_at, closed_at, replay_id)
     VALUES ($1, $2, $3, $4, $5::text::xid8, $6, $7, $8, $9, 'default', 't', '{"imei":"' || $8 || '"}', $10, 3, 4, now(),
       'ERR no', now() + $11::interval, CASE WHEN $12::text IS NULL THEN NULL ELSE gen_random_uuid() END,
       $12::timestamptz, CASE WHEN $2 IN ('open', 'dead') THEN NULL ELSE now() END,
       CASE WHEN $1 = 'replay' THEN (SELECT max(id) FROM outbox.replay) END)
     RETURNING id::text`,
    [
      ...[kind, state, partOf(key), isParked ? 1 : null, isParked ? String(n) : null, isParked ? n : null],
      ...[topic, key, eventIdOf(n), timerId, dueIn, leasedAt],
    ],
  );
  return String(row?.['id']);
}

/** The letter of a row that was given up; gives its number. */
export async function addLetter(odo: OdoInTest, rowId: string, reason = 'retry_terminal'): Promise<string> {
  const [letter] = await odo.query(
    `INSERT INTO outbox.dead_letter (reason, retry_id, kind, part, topic, key, event_id, tenant_id, traceparent, payload,
       timer_id, created_at, deliveries, attempts, last_error)
     SELECT $2, id, kind, part, topic, key, event_id, tenant_id, traceparent, payload, timer_id, created_at, deliveries,
       attempts, last_error
     FROM outbox.retry WHERE id = $1
     RETURNING id::text`,
    [rowId, reason],
  );
  return String(letter?.['id']);
}

export async function rowStates(odo: OdoInTest): Promise<unknown[]> {
  const rows = await odo.query('SELECT state FROM outbox.retry ORDER BY id');
  return rows.map(({ state }) => state);
}
