import { z } from 'zod';
import { ACCEPTED_VERSIONS } from '@app/common/contracts';
import { type StreamEntry, text, textFields } from '@app/common/streams';

/** One entry of `gateway:client-events`, as clients get it. */
export interface ClientEvent {
  /** The entry's id in the stream: where a client resumes from. */
  readonly cursor: string;
  /** The route's id: the same however often the event was published. */
  readonly eventId: string;
  readonly userId: string;
  /** Only for clients of this session, where there is one. */
  readonly deviceSessionId: string | undefined;
  readonly kind: string;
  readonly occurredAtMs: number;
  readonly expiresAtMs: number | undefined;
  /** JSON, as it was published. */
  readonly payloadJson: string;
  /** Of events of one key a client that reads slowly gets the latest. */
  readonly collapseKey: string;
  /** The message of the event up to its payload, without the closing brace. */
  readonly head: string;
}

const milliseconds = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

const fieldsSchema = z.object({
  v: z.string().refine((version) => ACCEPTED_VERSIONS.has(version), 'is no version that is known here'),
  event_id: z.string().min(1),
  user_id: z.string().min(1),
  device_session_id: z.string().optional(),
  kind: z.string().min(1),
  payload_json: z.string(),
  request_id: z.string().default(''),
  trace_id: z.string().default(''),
  occurred_at_ms: milliseconds,
  expires_at_ms: milliseconds.optional(),
});

/** What an event is about, as far as payloads say it alike. */
const subjectSchema = z.object({ imei: z.string().optional(), reference: z.string().optional() });

export const userIdOf = (entry: StreamEntry): string | undefined => text(entry, 'user_id');

export type ParsedClientEvent =
  | { readonly kind: 'event'; readonly event: ClientEvent }
  /** None of the contract's; the reason holds no content of the entry. */
  | { readonly kind: 'malformed'; readonly reason: string };

export function parseClientEvent(entry: StreamEntry): ParsedClientEvent {
  const { data, error } = fieldsSchema.safeParse(textFields(entry));
  if (data === undefined) return { kind: 'malformed', reason: z.prettifyError(error) };
  const payload = parsedPayload(data.payload_json);
  if (payload === undefined) return { kind: 'malformed', reason: 'payload_json is no JSON' };
  return { kind: 'event', event: eventOf(entry.id, data, payload) };
}

function eventOf(cursor: string, data: z.infer<typeof fieldsSchema>, payload: unknown): ClientEvent {
  const { data: subject } = subjectSchema.safeParse(payload);
  const head = JSON.stringify({
    type: 'event',
    cursor,
    event_id: data.event_id,
    kind: data.kind,
    occurred_at_ms: data.occurred_at_ms,
    expires_at_ms: data.expires_at_ms,
    request_id: data.request_id,
    trace_id: data.trace_id,
  });
  return {
    cursor,
    eventId: data.event_id,
    userId: data.user_id,
    deviceSessionId: data.device_session_id,
    kind: data.kind,
    occurredAtMs: data.occurred_at_ms,
    expiresAtMs: data.expires_at_ms,
    payloadJson: data.payload_json,
    // What names no subject stands for itself: nothing says that a newer one makes it needless.
    collapseKey: JSON.stringify([
      data.kind,
      ...(subject?.imei === undefined && subject?.reference === undefined
        ? [data.event_id]
        : [subject.imei, subject.reference]),
    ]),
    head: head.slice(0, -1),
  };
}

function parsedPayload(payloadJson: string): unknown {
  try {
    return JSON.parse(payloadJson);
  } catch {
    // JSON never reads as undefined.
    return undefined;
  }
}

/** The event as a message: `{type, cursor, event_id, kind, occurred_at_ms, …, coalesced?, payload}`. */
export function messageOf({ head, payloadJson }: ClientEvent, coalesced: number): string {
  const count = coalesced > 0 ? `,"coalesced":${coalesced}` : '';
  return `${head}${count},"payload":${payloadJson}}`;
}

export const isExpired = ({ expiresAtMs }: Pick<ClientEvent, 'expiresAtMs'>, nowMs: number): boolean =>
  expiresAtMs !== undefined && expiresAtMs <= nowMs;

/** About what an event takes in memory. */
export const sizeOf = ({ head, payloadJson }: ClientEvent): number => head.length + payloadJson.length;
