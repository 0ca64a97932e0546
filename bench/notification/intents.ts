import { randomUUID } from 'node:crypto';
import { CONTRACT_VERSION, notificationId, type NotificationType } from '@app/common/contracts';
import { imeiOf } from '../shared/device';

/** What is sent: a type that goes to both channels and that no other intent replaces. */
export const NORMAL: NotificationType = 'vehicle.overspeed.started';
export const URGENT: NotificationType = 'vehicle.sos';
/** In the directory; an intent goes to two of them. */
export const USERS = 1_000;
/** Two recipients, two channels. */
export const ROUTES_AN_INTENT = 4;
const PRODUCER = 'processor';
const DEVICES = 1_000;
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

export const userId = (number: number): string => `user-${number}`;

export interface BenchIntent {
  /** Other for each intent of a run of the bench. */
  readonly key: string;
  readonly type: NotificationType;
  /** Picks device and recipients. */
  readonly number: number;
  /** Default: two of the directory, by the number. */
  readonly recipients?: readonly string[];
}

export const notificationOf = ({ key }: Pick<BenchIntent, 'key'>): string => notificationId(PRODUCER, key);

const recipientsOf = (number: number): string[] => [
  userId((2 * number) % USERS),
  userId((2 * number + 1) % USERS),
];

/** Names and values by turns, as the relay writes them. */
export function fieldsOf({ key, type, number, recipients = recipientsOf(number) }: BenchIntent): string[] {
  const device = number % DEVICES;
  const eventId = randomUUID();
  return Object.entries({
    v: CONTRACT_VERSION,
    event_id: eventId,
    traceparent: TRACEPARENT,
    notification_type: type,
    producer: PRODUCER,
    audience_kind: 'user',
    recipient_user_ids_json: JSON.stringify(recipients),
    idempotency_key: key,
    subject: String(device),
    tenant_id: 'default',
    occurred_at_ms: String(Date.now()),
    payload_json: JSON.stringify({
      event_id: eventId,
      imei: imeiOf(device),
      device_name: `Van ${device}`,
      reference: 'overspeed:1',
      reference_name: 'Town limit',
      longitude: 25.27,
      latitude: 54.68,
      speed_kmh: 117,
      details: { limit_kmh: 100 },
    }),
  }).flat();
}
