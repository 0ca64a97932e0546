import { z } from 'zod';
import { EVENT_KINDS, type EventKind } from './events';
import { publishedEventIdSchema, type Channel } from './ids';

/** Who a notification is for: named users, or the administrators of the deployment's configuration. */
export const AUDIENCE_KINDS = ['user', 'admin_email'] as const;
export type AudienceKind = (typeof AUDIENCE_KINDS)[number];

/** One line of the catalog: what a notification type is allowed to be. */
export interface IntentType {
  readonly type: string;
  readonly producers: readonly string[];
  readonly audience: AudienceKind;
  readonly channels: readonly Channel[];
  /** How long after the event it is still worth telling anybody; older events are kept as `historical`. */
  readonly expiresAfterMs: number;
  readonly payload: z.ZodType;
}

const MINUTE_MS = 60_000;

/** What every vehicle notification says: which device, what, where. Degrees are WGS 84; speeds km/h, and absent where unknown. */
const vehiclePayload = z.strictObject({
  event_id: z.uuid(),
  imei: z.string(),
  device_name: z.string(),
  reference: z.string(),
  reference_name: z.string(),
  longitude: z.number(),
  latitude: z.number(),
  speed_kmh: z.number().optional(),
  details: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type VehiclePayload = z.infer<typeof vehiclePayload>;

/** The producer name that processor's rules write into their intents. */
export const PROCESSOR_PRODUCER = 'processor';

/** The names of the catalog. */
export type NotificationType = `vehicle.${EventKind}`;

/** The notification type of an event kind. */
export const intentTypeOf = (kind: EventKind): NotificationType => `vehicle.${kind}`;

const channelsByKind: Record<EventKind, readonly Channel[]> = {
  'overspeed.started': ['push', 'email'],
  'overspeed.ended': ['push'],
  'geofence.entered': ['push', 'email'],
  'geofence.exited': ['push', 'email'],
};

function catalogOf(types: readonly IntentType[]): ReadonlyMap<string, IntentType> {
  const catalog = new Map(types.map((type) => [type.type, type]));
  if (catalog.size !== types.length) throw new Error('the intent catalog names a type twice');
  return catalog;
}

/** The closed list of notification types; an intent of any other type is malformed. */
export const INTENT_CATALOG: ReadonlyMap<string, IntentType> = catalogOf(
  EVENT_KINDS.map((kind) => ({
    type: intentTypeOf(kind),
    producers: [PROCESSOR_PRODUCER],
    audience: 'user',
    channels: channelsByKind[kind],
    expiresAfterMs: 60 * MINUTE_MS,
    payload: vehiclePayload,
  })),
);

/** The fields of a `notification:intents` entry; all strings on the wire. */
export const intentFieldsSchema = z.object({
  v: z.string(),
  event_id: publishedEventIdSchema,
  notification_type: z.string().min(1),
  producer: z.string().min(1),
  audience_kind: z.enum(AUDIENCE_KINDS),
  recipient_user_ids_json: z.string().optional(),
  idempotency_key: z.string().min(1).max(255),
  subject: z.string().min(1),
  tenant_id: z.string().min(1),
  occurred_at_ms: z.string().regex(/^\d{1,15}$/),
  expires_at_ms: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
  payload_json: z.string(),
  request_id: z.string().optional(),
  trace_id: z.string().optional(),
  traceparent: z.string().optional(),
});
export type IntentFields = z.infer<typeof intentFieldsSchema>;
