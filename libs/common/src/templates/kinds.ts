import { z } from 'zod';
import { type Formats, mapUrl, placeText } from './formats';

/** The facts that stand below what happened, in this order. */
export type Fact = 'time' | 'last_seen' | 'speed' | 'limit' | 'peak' | 'duration' | 'place' | 'runbook';

/** What a template of this kind needs to know; the payloads of several notification types are of one kind. */
export interface TemplateKind {
  /** What texts may say of the payload; what the payload has beyond it stays in the variables, unseen by texts. */
  readonly payload: z.ZodObject;
  /** The payload in the user's terms; null where it does not say. */
  readonly formatted: z.ZodObject;
  readonly format: (
    payload: unknown,
    occurredAtMs: number,
    formats: Formats,
  ) => Readonly<Record<string, string | null>>;
  readonly facts: readonly Fact[];
}

const text = z.string();
const textOrNull = z.string().nullable();

/** Coordinates are WGS 84 degrees. */
function placeOf(latitude: number | undefined, longitude: number | undefined) {
  if (latitude === undefined || longitude === undefined) return { place: null, map_url: null };
  return { place: placeText(latitude, longitude), map_url: mapUrl(latitude, longitude) };
}

const vehiclePayload = z.object({
  device_name: z.string(),
  reference: z.string(),
  reference_name: z.string(),
  latitude: z.number(),
  longitude: z.number(),
  speed_kmh: z.number().optional(),
  details: z.object({
    limit_kmh: z.number().optional(),
    peak_kmh: z.number().optional(),
    duration_s: z.number().optional(),
  }),
});

/** Something that happened to a vehicle at a place. */
export const VEHICLE: TemplateKind = {
  payload: vehiclePayload,
  formatted: z.strictObject({
    ...{ time: text, place: textOrNull, map_url: textOrNull },
    ...{ speed: textOrNull, limit: textOrNull, peak: textOrNull, duration: textOrNull },
  }),
  format: (given, occurredAtMs, formats) => {
    const { latitude, longitude, speed_kmh: speedKmh, details } = vehiclePayload.parse(given);
    const speed = (kmh: number | undefined) => (kmh === undefined ? null : formats.speed(kmh));
    return {
      time: formats.time(occurredAtMs),
      ...placeOf(latitude, longitude),
      speed: speed(speedKmh),
      limit: speed(details.limit_kmh),
      peak: speed(details.peak_kmh),
      duration: details.duration_s === undefined ? null : formats.duration(details.duration_s),
    };
  },
  facts: ['time', 'speed', 'limit', 'peak', 'duration', 'place'],
};

const connectionPayload = z.object({
  device_name: z.string(),
  last_seen_at_ms: z.number(),
  latitude: z.number().optional(),
  longitude: z.number().optional(),
});

/** A vehicle that fell silent or spoke again. */
export const CONNECTION: TemplateKind = {
  payload: connectionPayload,
  formatted: z.strictObject({ time: text, last_seen: text, place: textOrNull, map_url: textOrNull }),
  format: (given, occurredAtMs, formats) => {
    const { latitude, longitude, last_seen_at_ms: lastSeenMs } = connectionPayload.parse(given);
    return {
      time: formats.time(occurredAtMs),
      last_seen: formats.time(lastSeenMs),
      ...placeOf(latitude, longitude),
    };
  },
  facts: ['time', 'last_seen', 'place'],
};

const alertPayload = z.object({ title: z.string(), text: z.string(), runbook_url: z.string().optional() });

/** A matter of the deployment, told in its own words. */
export const ALERT: TemplateKind = {
  payload: alertPayload,
  formatted: z.strictObject({ time: text, runbook: textOrNull }),
  format: (given, occurredAtMs, formats) => ({
    time: formats.time(occurredAtMs),
    runbook: alertPayload.parse(given).runbook_url ?? null,
  }),
  facts: ['time', 'runbook'],
};

/** One telling as texts see it: what a kind adds to it is checked by the kind. */
const entryVariables = z.looseObject({
  occurred_at_ms: z.number().int(),
  formatted: z.record(z.string(), textOrNull),
});
export type EntryVariables = z.infer<typeof entryVariables>;

const templateVariables = entryVariables.extend({
  collapsed_count: z.number().int().min(2).optional(),
  items: z.array(entryVariables).min(1).optional(),
});
/** One telling, and of several told together how many and, up to a number, which. */
export type TemplateVariables = z.infer<typeof templateVariables>;

/** By kind: a schema is compiled when it is first used. */
const schemas = new Map<TemplateKind, z.ZodType>();

function schemaOf(kind: TemplateKind): z.ZodType {
  const known = schemas.get(kind);
  if (known !== undefined) return known;
  const entry = kind.payload.extend({ occurred_at_ms: z.number().int(), formatted: kind.formatted });
  const made = entry.extend({
    collapsed_count: templateVariables.shape.collapsed_count,
    items: z.array(entry).min(1).optional(),
  });
  schemas.set(kind, made);
  return made;
}

/**
 * The variables of a template without what its schema does not name, so that no text can come to rely on that.
 *
 * @throws ZodError
 */
export function parseVariables(kind: TemplateKind, variables: unknown): TemplateVariables {
  return templateVariables.parse(schemaOf(kind).parse(variables));
}
