import fc from 'fast-check';
import { judge } from './judge';
import {
  circumstances,
  claimedRoute,
  intentType,
  notificationIdOf,
  NOW_MS,
  preference,
} from './judge.testing';
import { quietUntilMs, type QuietHours } from './quiet-hours';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const noon: QuietHours = {
  startsAtMs: 11 * HOUR_MS,
  endsAtMs: 13 * HOUR_MS,
  timezone: 'UTC',
  weekdays: 127,
};
const digest = preference({ digestWindowS: 3600 });
const throttle = preference({ throttleLimit: 2, throttleWindowS: 600 });
const off = preference({ enabled: false });
const newest = { notificationId: notificationIdOf(9), occurredAtMs: NOW_MS };
const OFFLINE = { type: intentType('vehicle.offline') };
const offline = claimedRoute({ notificationType: 'vehicle.offline' });
const verdictOf = (changes: Parameters<typeof circumstances>[0], route = claimedRoute()) =>
  judge(route, circumstances(changes), NOW_MS);

describe('judge', () => {
  it('publishes where nobody has said anything', () => {
    expect(verdictOf({})).toEqual({ kind: 'publish' });
  });

  it('lets what has expired expire, by its own time or by its type', () => {
    const type = intentType('vehicle.geofence.entered');
    const late = claimedRoute({ occurredAtMs: NOW_MS - type.expiresAfterMs });
    expect(verdictOf({}, late)).toEqual({ kind: 'expire', reason: 'expired', expiresAtMs: NOW_MS });
    expect(verdictOf({}, { ...late, expiresAtMs: NOW_MS + 1 })).toEqual({ kind: 'publish' });
    expect(verdictOf({}, claimedRoute({ expiresAtMs: NOW_MS }))).toMatchObject({ kind: 'expire' });
  });

  it('leaves out what a newer event of its subject has made needless, by event time and then by id', () => {
    expect(verdictOf({ newest })).toEqual({ kind: 'supersede', reason: 'newer_event', by: newest });
    const same = { ...newest, occurredAtMs: claimedRoute().occurredAtMs };
    expect(verdictOf({ newest: same })).toMatchObject({ kind: 'supersede' });
    const older = { notificationId: notificationIdOf(0), occurredAtMs: same.occurredAtMs };
    expect(verdictOf({ newest: older })).toEqual({ kind: 'publish' });
  });

  it('skips whose account is closed, but not an address', () => {
    expect(verdictOf({ account: 'removed' })).toMatchObject({
      reason: 'recipient_disabled',
      because: { account: 'removed' },
    });
    expect(verdictOf({ account: 'disabled', type: intentType('vehicle.sos') })).toMatchObject({
      kind: 'skip',
    });
    expect(verdictOf({ account: 'disabled', type: intentType('system.alert') })).toEqual({ kind: 'publish' });
  });

  it('keeps nothing mandatory or urgent from anybody', () => {
    const wishes = { preferences: [off, digest, throttle], quietHours: noon };
    for (const type of [
      intentType('vehicle.sos'),
      { ...intentType('vehicle.offline'), lane: 'urgent' as const },
    ]) {
      expect(verdictOf({ ...wishes, type })).toEqual({ kind: 'publish' });
    }
  });

  it('asks preference, digest, gathering, quiet hours and throttle in this order', () => {
    const about = { ...OFFLINE, preferences: [off, throttle], quietHours: noon };
    expect(verdictOf(about, offline)).toMatchObject({ reason: 'preference', because: { userId: 'anna' } });
    expect(verdictOf({ ...about, preferences: [digest, throttle] }, offline)).toEqual({
      kind: 'fold',
      fold: {
        reason: 'digest',
        key: `default:push:anna:vehicle.offline:digest:${NOW_MS}`,
        dueMs: NOW_MS + HOUR_MS,
        origin: { userId: 'anna', notificationType: '*', channel: '*' },
      },
    });
    expect(verdictOf({ ...about, preferences: [throttle] }, offline)).toMatchObject({
      kind: 'fold',
      fold: { reason: 'gather', key: 'default:push:anna:vehicle.offline:gather:', dueMs: NOW_MS + 30_000 },
    });
    const met = { preferences: [throttle], quietHours: noon };
    expect(verdictOf(met)).toMatchObject({ kind: 'defer', reason: 'quiet_hours', because: noon });
    expect(verdictOf({ preferences: [throttle] })).toMatchObject({
      kind: 'meter',
      ...{ limit: 2, windowMs: 600_000, windowStartMs: NOW_MS },
      fold: { reason: 'throttle', dueMs: NOW_MS + 600_000 },
    });
  });

  it('does not fold again what has been let through, but does not wake anybody for it either', () => {
    const about = { ...OFFLINE, preferences: [digest, throttle], isAdmitted: true };
    expect(verdictOf(about, offline)).toEqual({ kind: 'publish' });
    expect(verdictOf({ ...about, quietHours: noon }, offline)).toMatchObject({ kind: 'defer' });
  });

  it('spreads the ends of quiet hours over a minute, the same for all of one recipient, never into the next ones', () => {
    const untilOf = (recipient: string, quietHours: QuietHours) => {
      const verdict = verdictOf({ quietHours }, claimedRoute({ recipient }));
      return verdict.kind === 'defer' ? verdict.untilMs : undefined;
    };
    const endMs = NOW_MS + HOUR_MS;
    /** Free for half a minute a day. */
    const nearlyAlways = { ...noon, startsAtMs: noon.endsAtMs + 30_000 };
    fc.assert(
      fc.property(fc.string(), (recipient) => {
        const untilMs = untilOf(recipient, noon) ?? NaN;
        expect(untilMs - endMs).toBeGreaterThanOrEqual(0);
        expect(untilMs - endMs).toBeLessThan(MINUTE_MS);
        expect(untilOf(recipient, noon)).toBe(untilMs);
        expect(quietUntilMs(nearlyAlways, untilOf(recipient, nearlyAlways) ?? NaN)).toBeUndefined();
      }),
    );
    const minutes = Array.from({ length: 200 }, (_, i) => untilOf(`user-${i}`, noon));
    expect(new Set(minutes).size).toBeGreaterThan(150);
  });

  describe('of a lead', () => {
    const telling = (n: number, changes: object = {}) => ({
      routeId: `push:${n}:anna`,
      ...{ notificationId: notificationIdOf(n), attempts: 1 },
      ...{ occurredAtMs: NOW_MS - MINUTE_MS, expiresAtMs: undefined, newest: undefined },
      ...changes,
    });
    const stale = claimedRoute({ ...offline, foldKey: 'k', expiresAtMs: NOW_MS });

    it('gives it up only when none of those that it tells of is worth it', () => {
      const about = { ...OFFLINE, leads: 'gather' as const, isAdmitted: true };
      const gone = telling(2, { newest });
      expect(verdictOf({ ...about, members: [gone] }, stale)).toMatchObject({ kind: 'expire' });
      expect(verdictOf({ ...about, members: [gone, telling(3)] }, stale)).toEqual({ kind: 'publish' });
    });

    it('does not let expire what somebody wanted to be told of later', () => {
      for (const leads of ['digest', 'throttle'] as const) {
        expect(verdictOf({ ...OFFLINE, leads, isAdmitted: true }, stale)).toEqual({ kind: 'publish' });
      }
    });
  });
});
