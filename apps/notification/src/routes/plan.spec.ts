import fc from 'fast-check';
import { INTENT_CATALOG, type IntentType } from '@app/common/contracts';
import { type UserAccount } from '../directory';
import {
  administratorsAsRecipients,
  newestOf,
  planRoutes,
  type RoutableRecord,
  type RouteDraft,
  usersAsRecipients,
} from './plan';

const account = (userId: string, changes: Partial<UserAccount> = {}): [string, UserAccount] => {
  const profile = { locale: 'pt-BR', timezone: 'Europe/Lisbon', units: 'imperial', enabled: true } as const;
  return [userId, { userId, email: `${userId}@example.org`, ...profile, ...changes }];
};
const accounts = new Map([
  account('anna'),
  account('bert', { enabled: false }),
  account('dora', { email: undefined }),
]);
const typeOf = (name: string): IntentType => {
  const type = INTENT_CATALOG.get(name);
  if (type === undefined) throw new Error(`there is no ${name}`);
  return type;
};
const record = (changes: Partial<RoutableRecord> = {}): RoutableRecord => ({
  notificationId: 'n1',
  tenantId: 'default',
  type: typeOf('vehicle.offline'),
  subject: '7',
  payload: {},
  occurredAtMs: 1000,
  recipients: usersAsRecipients(['anna', 'bert', 'carl', 'dora'], accounts),
  ...changes,
});
const plan = (changes?: Partial<RoutableRecord>): RouteDraft[] =>
  planRoutes(record(changes), { push: 6, email: 8 });

describe('planRoutes', () => {
  it('makes one route per recipient and channel, skipped with a reason where nobody can be told', () => {
    expect(plan().map(({ routeId, skipReason }) => [routeId, skipReason])).toEqual([
      ['push:n1:anna', undefined],
      ['email:n1:anna', undefined],
      ['push:n1:bert', 'recipient_disabled'],
      ['email:n1:bert', 'recipient_disabled'],
      ['push:n1:carl', 'recipient_not_found'],
      ['email:n1:carl', 'recipient_not_found'],
      ['push:n1:dora', undefined],
      ['email:n1:dora', 'recipient_without_address'],
    ]);
  });

  it('gives each channel its own budget and only mail an address; words, zone and units are those of the user', () => {
    const [push, email] = plan();
    const profile = { locale: 'pt-BR', timezone: 'Europe/Lisbon', units: 'imperial', lane: 'normal' };
    expect(push).toMatchObject({ ...profile, maxAttempts: 6, address: undefined });
    expect(email).toMatchObject({ ...profile, maxAttempts: 8, address: 'anna@example.org' });
  });

  it('gives what replaces one another the same key, of the subject', () => {
    const keyOf = (name: string) => plan({ type: typeOf(name) })[0]?.collapseKey;
    expect([keyOf('vehicle.offline'), keyOf('vehicle.online')]).toEqual(['7|connection', '7|connection']);
    expect(keyOf('vehicle.sos')).toBeUndefined();
    expect(plan({ type: typeOf('vehicle.sos') })[0]?.lane).toBe('urgent');
  });

  it('names administrators without their address, and shows that there are none', () => {
    const routes = (addresses: readonly string[]) =>
      plan({
        type: typeOf('system.alert'),
        recipients: administratorsAsRecipients('system.alert', addresses),
      });
    const [route, ...others] = routes(['ops@example.org']);
    expect(others).toEqual([]);
    expect(route?.routeId).toMatch(/^email:n1:admin-[0-9a-f]{16}$/);
    expect([route?.address, route?.skipReason]).toEqual(['ops@example.org', undefined]);
    expect(routes([])).toMatchObject([
      { routeId: 'email:n1:config:system.alert', address: undefined, skipReason: 'no_recipients_configured' },
    ]);
  });
});

describe('newestOf', () => {
  it('is of each key the greatest (time, id), whatever the order, and sorted', () => {
    const drafts = fc.array(
      fc.record({
        notificationId: fc.uuid(),
        occurredAtMs: fc.integer({ min: 0, max: 3 }),
        subject: fc.constantFrom('1', '2'),
      }),
    );
    fc.assert(
      fc.property(drafts, (all) => {
        const planned = all.flatMap((changes) =>
          plan({ ...changes, recipients: usersAsRecipients(['anna', 'bert'], accounts) }),
        );
        const newest = newestOf(planned);
        expect(newestOf([...planned].reverse())).toEqual(newest);
        const keys = newest.map(({ channel, collapseKey }) => `${channel} ${collapseKey}`);
        expect(keys).toEqual([...new Set(keys)].sort((a, b) => (a < b ? -1 : 1)));
        for (const { collapseKey, occurredAtMs, notificationId, recipient } of newest) {
          expect(recipient).toBe('anna');
          const rivals = planned.filter((draft) => draft.collapseKey === collapseKey);
          const isBeaten = rivals.some(
            (rival) =>
              rival.occurredAtMs > occurredAtMs ||
              (rival.occurredAtMs === occurredAtMs && rival.notificationId > notificationId),
          );
          expect(isBeaten).toBe(false);
        }
      }),
    );
  });
});
