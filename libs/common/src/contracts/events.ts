import { z } from 'zod';
import { publishedEventIdSchema } from './ids';

/** Kinds of event that the rules raise. A kind is part of an event's identity: it is never renamed, only retired. */
export const EVENT_KINDS = [
  'overspeed.started',
  'overspeed.ended',
  'geofence.entered',
  'geofence.exited',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export function isEventKind(text: string): text is EventKind {
  return (EVENT_KINDS as readonly string[]).includes(text);
}

/** The fields of a `fleet:events` entry; all strings on the wire. */
export const fleetEventFieldsSchema = z.object({
  v: z.string(),
  event_id: publishedEventIdSchema,
  kind: z.enum(EVENT_KINDS),
  device_id: z.string().min(1),
  imei: z.string().min(1),
  tenant_id: z.string().min(1),
  occurred_at_ms: z.string().regex(/^\d{1,15}$/),
  payload_json: z.string(),
  traceparent: z.string(),
});
export type FleetEventFields = z.infer<typeof fleetEventFieldsSchema>;
