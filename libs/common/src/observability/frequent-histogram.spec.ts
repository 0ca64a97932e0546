import { Histogram, Registry } from 'prom-client';
import { FrequentHistogram } from './frequent-histogram';

const BOUNDS = [0.001, 0.01, 1];
const VALUES = [0, 0.001, 0.0011, 0.5, 1, 1.01, 70];

it('reads as a histogram of the library that was given the same values', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const described = { name: 'ack_seconds', help: 'From here to there.' };
  const frequent = new FrequentHistogram(described, BOUNDS);
  ours.registerMetric(frequent);
  const usual = new Histogram({ ...described, buckets: BOUNDS, registers: [theirs] });
  expect(await ours.metrics()).toBe(await theirs.metrics());
  for (const value of VALUES) {
    frequent.note(value);
    usual.observe(value);
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
  expect((await frequent.get()).values).toHaveLength((await usual.get()).values.length);
});
