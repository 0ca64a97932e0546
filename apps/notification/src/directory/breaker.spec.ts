import pino from 'pino';
import { Breaker, type BreakerState } from './breaker';

function breakerOf() {
  let nowMs = 0;
  const states: BreakerState[] = [];
  const breaker = new Breaker({
    logger: pino({ level: 'silent' }),
    onState: (state) => states.push(state),
    now: () => nowMs,
    random: () => 0.5,
  });
  const fail = (times: number) => {
    for (let i = 0; i < times; i += 1) breaker.failed(new Error('out'));
  };
  return { breaker, states, fail, pass: (ms: number) => (nowMs += ms) };
}

describe('Breaker', () => {
  it('opens at the fifth failure in a row, and not for the failures of single users', () => {
    const { breaker, fail } = breakerOf();
    fail(4);
    breaker.succeeded();
    fail(4);
    expect([breaker.state, breaker.admits()]).toEqual(['closed', true]);
    fail(1);
    expect([breaker.state, breaker.admits(), breaker.restMs()]).toEqual(['open', false, 500]);
  });

  it('admits one after a rest, and nobody beside it', () => {
    const { breaker, fail, pass } = breakerOf();
    fail(5);
    pass(500);
    expect([breaker.restMs(), breaker.admits(), breaker.admits()]).toEqual([0, true, false]);
    breaker.succeeded();
    expect([breaker.state, breaker.restMs()]).toEqual(['closed', 0]);
  });

  it('rests twice as long after each try in vain, up to 15 s, and anew after a success', () => {
    const { breaker, fail, pass, states } = breakerOf();
    fail(5);
    const rests = Array.from({ length: 7 }, () => {
      const restMs = breaker.restMs();
      pass(restMs);
      breaker.admits();
      fail(1);
      return restMs;
    });
    expect(rests).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    pass(15_000);
    breaker.admits();
    breaker.succeeded();
    fail(5);
    expect(breaker.restMs()).toBe(500);
    expect(states.slice(-4)).toEqual(['open', 'half-open', 'closed', 'open']);
  });
});
