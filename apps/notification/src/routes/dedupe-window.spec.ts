import { INTENT_CATALOG } from '@app/common/contracts';
import { checkDedupeWindow, longestRouteLifeMs } from './dedupe-window';

const HOUR_MS = 3_600_000;
const life = { types: INTENT_CATALOG.values(), maxAttempts: { push: 6, email: 8 }, leaseMs: 30_000 };
const lifeOf = (changes: Partial<typeof life>) => ({ ...life, types: INTENT_CATALOG.values(), ...changes });

describe('the dedupe window', () => {
  it('outlives the longest expiry of the catalog and the longest ladder', () => {
    expect(longestRouteLifeMs(lifeOf({}))).toBe(24 * HOUR_MS);
    const many = lifeOf({ maxAttempts: { push: 6, email: 200 } });
    expect(longestRouteLifeMs(many)).toBeGreaterThan(190 * 600_000);
    expect(() => checkDedupeWindow(48 * HOUR_MS, lifeOf({}))).not.toThrow();
    expect(() => checkDedupeWindow(24 * HOUR_MS - 1, lifeOf({}))).toThrow('NOTIFICATION_DEDUPE_WINDOW');
    expect(() => checkDedupeWindow(30 * HOUR_MS, many)).toThrow('NOTIFICATION_DEDUPE_WINDOW');
  });
});
