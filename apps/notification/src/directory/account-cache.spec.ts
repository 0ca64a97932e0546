import { AccountCache } from './account-cache';

const account = (userId: string) =>
  ({ userId, email: undefined, locale: 'en', timezone: 'UTC', units: 'metric', enabled: true }) as const;

describe('AccountCache', () => {
  it('gives nothing that is too old', () => {
    let nowMs = 0;
    const cache = new AccountCache({ maxAgeMs: 1000, maxEntries: 10, now: () => nowMs });
    cache.set(account('anna'));
    nowMs = 1000;
    expect(cache.get('anna')?.userId).toBe('anna');
    nowMs = 1001;
    expect(cache.get('anna')).toBeUndefined();
  });

  it('keeps so many, and of these who was asked for last', () => {
    const cache = new AccountCache({ maxAgeMs: 1000, maxEntries: 2, now: () => 0 });
    for (const userId of ['anna', 'bert']) cache.set(account(userId));
    cache.get('anna');
    cache.set(account('carl'));
    expect(['anna', 'bert', 'carl'].map((userId) => cache.get(userId)?.userId)).toEqual([
      'anna',
      undefined,
      'carl',
    ]);
  });
});
