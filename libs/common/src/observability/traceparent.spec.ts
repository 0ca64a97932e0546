import { newTraceparent, traceIdOf } from './traceparent';

/** More than are made at once. */
const MANY = 2_000;

it('makes traceparents that all differ in trace and span, on and on', () => {
  const made = Array.from({ length: MANY }, () => newTraceparent());
  for (const traceparent of made) expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(new Set(made.map(traceIdOf)).size).toBe(MANY);
  expect(new Set(made.map((traceparent) => traceparent.slice(36, 52))).size).toBe(MANY);
  // Every digit of the random parts takes every value: none is left from a template.
  for (const at of [...Array(55).keys()].filter((index) => index > 2 && index < 52 && index !== 35)) {
    expect(new Set(made.map((traceparent) => traceparent[at])).size).toBe(16);
  }
});

it('marks a sampled one', () => expect(newTraceparent(true)).toMatch(/-01$/));
