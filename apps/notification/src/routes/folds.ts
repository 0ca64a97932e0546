import { type RouteCircumstances } from './circumstances';
import { fateOf, type EventOrder, type Settled } from './judge';
import { type FoldContents } from './judging';
import { type ClaimedRoute } from './route';

/** A route that is to wait under a fold key. */
export interface Candidate {
  readonly route: ClaimedRoute;
  readonly key: string;
  /** It has led the key before, and others may have been folded into it. */
  readonly hasLed: boolean;
}

/** Into which route others are folded, and which of the candidates lead. */
export interface Election<Of extends Candidate> {
  readonly leads: readonly Of[];
  readonly members: readonly { readonly candidate: Of; readonly leadId: string }[];
}

/**
 * Gives every key one lead: the one that waits already, else one that has led before, else the first by event time.
 *
 * @param waiting route ids by key.
 */
export function elect<Of extends Candidate>(
  candidates: readonly Of[],
  waiting: ReadonlyMap<string, string>,
): Election<Of> {
  const leadIds = new Map(waiting);
  const leads: Of[] = [];
  const members: { candidate: Of; leadId: string }[] = [];
  for (const candidate of candidates.toSorted(byPrecedence)) {
    const leadId = leadIds.get(candidate.key);
    if (leadId !== undefined) {
      members.push({ candidate, leadId });
      continue;
    }
    leadIds.set(candidate.key, candidate.route.routeId);
    leads.push(candidate);
  }
  return { leads, members };
}

const byPrecedence = (a: Candidate, b: Candidate): number =>
  Number(b.hasLed) - Number(a.hasLed) || byEventTime(a.route, b.route);

/** Negative where the first happened before. */
export function byEventTime(a: EventOrder, b: EventOrder): number {
  if (a.occurredAtMs !== b.occurredAtMs) return a.occurredAtMs - b.occurredAtMs;
  return a.notificationId < b.notificationId ? -1 : Number(a.notificationId > b.notificationId);
}

/** An event that the message of its fold does not tell of any more. */
export interface LeftOut {
  readonly event: { readonly routeId: string; readonly attempts: number };
  readonly lead: ClaimedRoute;
  readonly fate: Exclude<Settled, { readonly kind: 'skip' }>;
}

/**
 * The members of a lead that are not worth telling any more; and the lead itself, whose route carries the message
 * nevertheless, where others of them are.
 */
export function leftOutOf(
  lead: ClaimedRoute,
  circumstances: RouteCircumstances,
  nowMs: number,
): readonly LeftOut[] {
  const { members, newest } = circumstances;
  if (members.length === 0) return [];
  const judged = [{ ...lead, newest }, ...members].map((event) => ({
    event,
    fate: fateOf(event, circumstances, nowMs),
  }));
  const isCarried = judged.some(({ fate }) => fate === undefined);
  return judged.flatMap(({ event, fate }) =>
    fate === undefined || (event.routeId === lead.routeId && !isCarried) ? [] : [{ event, lead, fate }],
  );
}

/** Of so many a message tells one by one; of more it only says how many there are. */
export const MOST_ITEMS = 100;

/** What a lead's message tells of. */
export interface Told {
  /** By event time; never empty. */
  readonly events: readonly (EventOrder & { readonly expiresAtMs: number | undefined })[];
  /** The event that the message has its own fields from. */
  readonly face: EventOrder & { readonly expiresAtMs: number | undefined };
  /** undefined: for ever, since it is a summary that somebody has asked for later. */
  readonly expiresAtMs: number | undefined;
}

/** undefined for a route that tells of itself alone, as it is. */
export function toldBy(
  lead: ClaimedRoute,
  circumstances: RouteCircumstances,
  nowMs: number,
): Told | undefined {
  const { members, leads, newest } = circumstances;
  if (leads === undefined) return undefined;
  const events = [{ ...lead, newest }, ...members]
    .filter((event) => fateOf(event, circumstances, nowMs) === undefined)
    .sort(byEventTime);
  const face = events.find(({ notificationId }) => notificationId === lead.notificationId) ?? events[0];
  if (face === undefined) return undefined;
  return { events, face, expiresAtMs: leads === 'gather' ? latestExpiry(events) : undefined };
}

function latestExpiry(events: readonly { readonly expiresAtMs: number | undefined }[]): number | undefined {
  let latestMs = 0;
  for (const { expiresAtMs } of events) {
    if (expiresAtMs === undefined) return undefined;
    latestMs = Math.max(latestMs, expiresAtMs);
  }
  return latestMs;
}

/** @param payloads as JSON, by notification id, of the first {@link MOST_ITEMS} events. */
export function contentsOf(
  { events }: Told,
  payloads: ReadonlyMap<string, string>,
): FoldContents | undefined {
  if (events.length < 2) return undefined;
  return {
    collapsedCount: events.length,
    items: events.slice(0, MOST_ITEMS).flatMap(({ notificationId, occurredAtMs }) => {
      const payloadJson = payloads.get(notificationId);
      return payloadJson === undefined ? [] : [{ occurredAtMs, payload: payloadOf(payloadJson) }];
    }),
  };
}

const payloadOf = (json: string): unknown => JSON.parse(json);
