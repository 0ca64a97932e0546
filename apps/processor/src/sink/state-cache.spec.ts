import { EMPTY_STATE } from '../domain';
import { type KnownState, StateCache } from './state-cache';

const known = (version: bigint): KnownState => ({ state: EMPTY_STATE, resettling: null, version });

describe('device states in memory', () => {
  it('drop the one that was used longest ago', () => {
    const cache = new StateCache(2);
    cache.put(1n, known(1n));
    cache.put(2n, known(1n));
    expect(cache.get(1n)).toEqual(known(1n));
    cache.put(3n, known(1n));
    expect([1n, 2n, 3n].map((id) => cache.get(id) !== undefined)).toEqual([true, false, true]);
    cache.put(1n, known(2n));
    expect(cache.get(1n)).toEqual(known(2n));
    expect(cache.size).toBe(2);
  });

  it('drop what they are told to, and keep nothing where there is no room', () => {
    const cache = new StateCache(3);
    for (const id of [1n, 2n, 3n]) cache.put(id, known(1n));
    cache.drop([1n, 3n, 4n]);
    expect([1n, 2n, 3n].map((id) => cache.get(id) !== undefined)).toEqual([false, true, false]);
    cache.clear();
    expect(cache.size).toBe(0);
    const none = new StateCache(0);
    none.put(1n, known(1n));
    expect(none.size).toBe(0);
  });
});
