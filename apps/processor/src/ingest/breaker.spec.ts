import { quiet } from '../sink.testing';
import { Breaker, type BreakerState } from './breaker';

const OUTAGE = new Error('connect ECONNREFUSED');

function breakerOf(random = 1) {
  let nowMs = 0;
  let isOut = true;
  let probes = 0;
  let release: (() => void) | undefined;
  const states: BreakerState[] = [];
  const breaker = new Breaker({
    logger: quiet,
    probe: async () => {
      probes += 1;
      if (release !== undefined) await new Promise<void>((resolve) => (release = resolve));
      if (isOut) throw OUTAGE;
    },
    onState: (state) => states.push(state),
    random: () => random,
    now: () => nowMs,
  });
  return {
    breaker,
    states,
    probes: () => probes,
    pass: (ms: number) => (nowMs += ms),
    end: () => (isOut = false),
    holdProbe: () => (release = () => undefined),
    releaseProbe: () => release?.(),
  };
}

it('lets everybody through until it is told of an outage, then nobody until its time', async () => {
  const { breaker, pass, probes } = breakerOf();
  expect(await breaker.enter()).toBe(0);
  breaker.failed(OUTAGE);
  expect([breaker.state, await breaker.enter()]).toEqual(['open', 200]);
  pass(150);
  expect(await breaker.enter()).toBe(50);
  expect(probes()).toBe(0);
});

it('waits twice as long after each probe that fails, up to a bound, and begins anew after one that passes', async () => {
  const { breaker, pass, end, states } = breakerOf();
  breaker.failed(OUTAGE);
  const waits: number[] = [];
  for (let probe = 0; probe < 7; probe += 1) {
    const waitMs = await breaker.enter();
    waits.push(waitMs);
    pass(waitMs);
    await expect(breaker.enter()).rejects.toBe(OUTAGE);
  }
  expect(waits).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
  expect(breaker.openForMs).toBe(waits.reduce((sum, ms) => sum + ms));
  pass(5000);
  end();
  expect(await breaker.enter()).toBe(0);
  expect([breaker.state, breaker.openForMs]).toEqual(['closed', undefined]);
  expect(states.slice(-2)).toEqual(['half-open', 'closed']);
  breaker.failed(OUTAGE);
  expect(await breaker.enter()).toBe(200);
});

it('jitters its waits, so that a fleet of processes does not come back in step', async () => {
  const { breaker } = breakerOf(0);
  breaker.failed(OUTAGE);
  expect(await breaker.enter()).toBe(100);
});

it('lets one probe for all, and takes an outage that several saw for one', async () => {
  const { breaker, pass, end, probes, holdProbe, releaseProbe } = breakerOf();
  breaker.failed(OUTAGE);
  breaker.failed(OUTAGE);
  expect(await breaker.enter()).toBe(200);
  pass(200);
  holdProbe();
  const first = breaker.enter();
  expect(await breaker.enter()).toBeGreaterThan(0);
  end();
  releaseProbe();
  expect(await first).toBe(0);
  expect(probes()).toBe(1);
});
