import { OdographError } from '@app/common/errors';
import { Breaker, type BreakerState, isOutage } from './breaker';

const away = new OdographError('REDIS_UNREACHABLE');
let breaker: Breaker;
let changes: BreakerState[];
let chance: number;

beforeEach(() => {
  jest.useFakeTimers();
  changes = [];
  chance = 0;
  breaker = new Breaker(
    (state) => changes.push(state),
    () => chance,
  );
});
afterEach(() => jest.useRealTimers());

describe('Breaker', () => {
  it('admits everybody until a call fails, then nobody for a while, then one', () => {
    expect(breaker.admit([1, 2, 3])).toEqual([1, 2, 3]);
    breaker.failed(away);
    breaker.failed(away);
    expect(breaker.admit([1, 2, 3])).toEqual([]);
    jest.advanceTimersByTime(200);
    const probe = breaker.admit([1, 2, 3]);
    expect(probe).toEqual([1]);
    expect(breaker.admit([2, 3])).toEqual([]);
    breaker.succeeded(true);
    breaker.release(probe);
    expect(breaker.admit([1, 2, 3])).toEqual([1, 2, 3]);
    expect(changes).toEqual(['open', 'half_open', 'closed']);
  });

  it('opens again where the probe fails, each time for longer, up to its cap', () => {
    const rests: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      breaker.failed(away);
      rests.push(breaker.restMs);
      jest.advanceTimersByTime(breaker.restMs + 1);
      breaker.release(breaker.admit([1]));
    }
    expect(rests[0]).toBeLessThanOrEqual(125);
    expect(rests[4]).toBeGreaterThan(1_000);
    expect(Math.max(...rests)).toBeLessThanOrEqual(5_000);
  });

  it('lets another one probe where one came back without a word: it had nothing to write', () => {
    breaker.failed(away);
    jest.advanceTimersByTime(200);
    const probes = [0, 0.4, 0.999].map((next) => {
      chance = next;
      const probe = breaker.admit([1, 2, 3]);
      breaker.release(probe);
      return probe;
    });
    expect(probes).toEqual([[1], [2], [3]]);
  });

  it('keeps a probe of its own where callers from before the outage come back', () => {
    const before = breaker.admit([1, 2]);
    breaker.failed(away);
    jest.advanceTimersByTime(200);
    expect(breaker.admit([3])).toEqual([3]);
    breaker.release(before);
    expect(breaker.admit([1, 2])).toEqual([]);
  });

  it('counts those that fail together once', () => {
    for (let call = 0; call < 8; call += 1) breaker.failed(away);
    expect(breaker.restMs).toBeLessThanOrEqual(125);
  });

  it('does not take an answer for a write: a full server that answers keeps its rests', () => {
    for (let round = 0; round < 5; round += 1) {
      breaker.failed(away);
      jest.advanceTimersByTime(10_000);
      const probe = breaker.admit([1]);
      breaker.succeeded(false);
      breaker.release(probe);
    }
    breaker.failed(away);
    expect(breaker.restMs).toBeGreaterThan(2_000);
  });

  it('does not take a late answer from before the outage for its end', () => {
    breaker.failed(away);
    breaker.succeeded(true);
    expect(breaker.state).toBe('open');
  });

  it('tells an outage from what concerns one part', () => {
    expect(isOutage(away)).toBe(true);
    expect(isOutage(new OdographError('STREAM_REFUSED'))).toBe(true);
    expect(isOutage(new OdographError('OUTBOX_CURSOR_AHEAD'))).toBe(false);
    expect(isOutage(new Error('the database is away'))).toBe(false);
  });
});
