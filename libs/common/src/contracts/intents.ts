import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from './canonical-json';
import { type EventKind } from './events';
import { publishedEventIdSchema, type Channel } from './ids';

/** Who a notification is for: named users, or the administrators of the deployment's configuration. */
export const AUDIENCE_KINDS = ['user', 'admin_email'] as const;
export type AudienceKind = (typeof AUDIENCE_KINDS)[number];

/** Which publishers take the routes: urgent ones have their own, and never stand behind others. */
export const LANES = ['normal', 'urgent'] as const;
export type Lane = (typeof LANES)[number];

/** One line of the catalog: what a notification type is allowed to be. */
export interface IntentType {
  /** Also the id of its mail template. */
  readonly type: string;
  readonly producers: readonly string[];
  readonly audience: AudienceKind;
  readonly channels: readonly Channel[];
  /** How long after the event it is still worth telling anybody; older events are kept as `historical`. */
  readonly expiresAfterMs: number;
  readonly payload: z.ZodType;
  /** No preference, quiet hour, digest or throttle keeps it from anybody. */
  readonly mandatory: boolean;
  readonly lane: Lane;
  /** How long a recipient's notifications of this type are gathered, to be told as one; 0 for not at all. */
  readonly gatherMs: number;
  /**
   * Of one subject: what its notifications are about, where a newer one makes older ones needless that are not sent yet.
   * Undefined where each stands for itself. Types that replace one another give the same key.
   */
  readonly collapseKey: (payload: unknown) => string | undefined;
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

/** A device that fell silent or spoke again; where it was last, where that is known. */
const connectionPayload = z.strictObject({
  event_id: z.uuid(),
  imei: z.string(),
  device_name: z.string(),
  last_seen_at_ms: z.number().int().nonnegative(),
  longitude: z.number().optional(),
  latitude: z.number().optional(),
});

/** A matter of the deployment itself, for those who run it. */
const alertPayload = z.strictObject({
  title: z.string().min(1).max(200),
  text: z.string().min(1).max(10_000),
  runbook_url: z.url().optional(),
});

/** The producer name that processor's rules write into their intents. */
export const PROCESSOR_PRODUCER = 'processor';
/** The producer name of `odo intent send`. */
export const OPERATOR_PRODUCER = 'operator';

/** The notification types that the rules' events become. */
export type EventNotificationType = `vehicle.${EventKind}`;

/** The notification type of an event kind. */
export const intentTypeOf = (kind: EventKind): EventNotificationType => `vehicle.${kind}`;

/** The names of the catalog. */
export type NotificationType =
  EventNotificationType | 'vehicle.sos' | 'vehicle.offline' | 'vehicle.online' | 'system.alert';

const NO_KEY = (): undefined => undefined;

const VEHICLE_TYPE = {
  producers: [PROCESSOR_PRODUCER, OPERATOR_PRODUCER],
  audience: 'user',
  channels: ['push', 'email'],
  expiresAfterMs: 60 * MINUTE_MS,
  payload: vehiclePayload,
  mandatory: false,
  lane: 'normal',
  gatherMs: 0,
  collapseKey: NO_KEY,
} as const satisfies Omit<IntentType, 'type'>;

const referenceOf = (payload: unknown): string => vehiclePayload.parse(payload).reference;

const TYPES: readonly (IntentType & { readonly type: NotificationType })[] = [
  { ...VEHICLE_TYPE, type: intentTypeOf('overspeed.started') },
  { ...VEHICLE_TYPE, type: intentTypeOf('overspeed.ended'), channels: ['push'] },
  { ...VEHICLE_TYPE, type: intentTypeOf('geofence.entered'), collapseKey: referenceOf },
  { ...VEHICLE_TYPE, type: intentTypeOf('geofence.exited'), collapseKey: referenceOf },
  {
    ...VEHICLE_TYPE,
    type: 'vehicle.sos',
    expiresAfterMs: 24 * 60 * MINUTE_MS,
    mandatory: true,
    lane: 'urgent',
  },
  {
    ...VEHICLE_TYPE,
    type: 'vehicle.offline',
    payload: connectionPayload,
    expiresAfterMs: 10 * MINUTE_MS,
    gatherMs: 30_000,
    collapseKey: () => 'connection',
  },
  {
    ...VEHICLE_TYPE,
    type: 'vehicle.online',
    channels: ['push'],
    payload: connectionPayload,
    expiresAfterMs: 10 * MINUTE_MS,
    gatherMs: 30_000,
    collapseKey: () => 'connection',
  },
  {
    ...VEHICLE_TYPE,
    type: 'system.alert',
    producers: [OPERATOR_PRODUCER],
    audience: 'admin_email',
    channels: ['email'],
    payload: alertPayload,
    expiresAfterMs: 24 * 60 * MINUTE_MS,
    mandatory: true,
  },
];

/**
 * Checks a catalog as a whole, so that a mistake in it stops a start and not the first message of the type.
 *
 * @throws Error naming the type and what is wrong with it.
 */
export function catalogOf(types: readonly IntentType[]): ReadonlyMap<string, IntentType> {
  const catalog = new Map<string, IntentType>();
  for (const type of types) {
    const wrong = mistakeIn(type) ?? (catalog.has(type.type) ? 'it is there twice' : undefined);
    if (wrong !== undefined) throw new Error(`the intent catalog, type ${type.type}: ${wrong}`);
    catalog.set(type.type, type);
  }
  return catalog;
}

function mistakeIn(type: IntentType): string | undefined {
  if (!/^[a-z]+(\.[a-z_]+)+$/.test(type.type)) return 'a name is words with dots between them';
  if (type.producers.length === 0) return 'nobody may produce it';
  if (type.channels.length === 0) return 'it has no channel';
  if (new Set(type.channels).size !== type.channels.length) return 'a channel is named twice';
  if (type.audience === 'admin_email' && type.channels.some((channel) => channel !== 'email')) {
    return 'administrators are told by email alone';
  }
  if (type.expiresAfterMs <= 0) return 'it has expired when it happens';
  if (type.gatherMs < 0 || type.gatherMs >= type.expiresAfterMs) return 'it expires while it is gathered';
  return undefined;
}

/** The closed list of notification types; an intent of any other type is malformed. */
export const INTENT_CATALOG: ReadonlyMap<string, IntentType> = catalogOf(TYPES);

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

/** Of `recipient_user_ids_json`. */
export const recipientUserIdsSchema = z.array(z.string().min(1)).min(1).max(1000);

/**
 * What makes two intents of one key the same: hexadecimal SHA-256. Version and trace change by themselves and are left out,
 * as are the order of recipients and how the payload is written.
 */
export function intentFingerprint(
  fields: Pick<IntentFields, 'notification_type' | 'producer' | 'audience_kind' | 'occurred_at_ms'>,
  recipientUserIds: readonly string[],
  payload: unknown,
): string {
  const content = [
    fields.notification_type,
    fields.producer,
    fields.audience_kind,
    [...new Set(recipientUserIds)].sort(),
    fields.occurred_at_ms,
    canonicalJson(payload),
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
