import { INTENT_CATALOG, type IntentType } from '@app/common/contracts';
import { type RouteCircumstances } from './circumstances';
import { type PreferenceRow } from './preferences';
import { type ClaimedRoute } from './route';

export const NOW_MS = Date.parse('2026-06-15T12:00:00Z');
/** Ids in their order. */
export const notificationIdOf = (n: number): string =>
  `00000000-0000-5000-8000-${String(n).padStart(12, '0')}`;

export function intentType(name: string): IntentType {
  const type = INTENT_CATALOG.get(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  return type;
}

/** A claimed push route about an event of a minute ago, for specs. */
export function claimedRoute(changes: Partial<ClaimedRoute> = {}): ClaimedRoute {
  const notificationId = changes.notificationId ?? notificationIdOf(1);
  return {
    routeId: `push:${notificationId}:anna`,
    notificationId,
    tenantId: 'default',
    channel: 'push',
    lane: 'normal',
    recipient: 'anna',
    address: undefined,
    locale: 'en',
    timezone: 'UTC',
    units: 'metric',
    collapseKey: undefined,
    foldKey: undefined,
    admittedAtMs: undefined,
    attempts: 1,
    maxAttempts: 6,
    claimedAtUs: NOW_MS * 1000,
    inDoubt: false,
    notificationType: 'vehicle.geofence.entered',
    idempotencyKey: 'event-1',
    subject: '7',
    payloadJson: '{}',
    requestId: undefined,
    traceId: undefined,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    occurredAtMs: NOW_MS - 60_000,
    expiresAtMs: undefined,
    acceptedAtMs: NOW_MS,
    ...changes,
  };
}

export function circumstances(changes: Partial<RouteCircumstances> = {}): RouteCircumstances {
  return {
    tenantId: 'default',
    type: intentType('vehicle.geofence.entered'),
    newest: undefined,
    account: 'open',
    preferences: [],
    quietHours: undefined,
    isAdmitted: false,
    leads: undefined,
    members: [],
    ...changes,
  };
}

/** Of anna, for every type and channel. */
export const preference = (changes: Partial<PreferenceRow>): PreferenceRow => ({
  ...{ userId: 'anna', notificationType: '*', channel: '*' },
  ...{ enabled: null, digestWindowS: null, throttleLimit: null, throttleWindowS: null },
  ...changes,
});
