import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Pass } from './passes';

export interface Rates {
  /** Medians over the rounds. */
  readonly limitPerS: number;
  readonly valuePerS: number;
  readonly ratio: number;
}

/** So many repetitions fill about this long; short, so that both of a round see the same machine. */
const SLICE_MS = 5;

/** Two passes in turn, `rounds` times after a tenth of that to warm up; their ratio is taken in each round. */
export function compareRates(limit: Pass, value: Pass, records: number, rounds: number): Rates {
  const repetitions = { limit: repetitionsOf(limit), value: repetitionsOf(value) };
  const taken: { limitPerS: number; valuePerS: number }[] = [];
  const warmUp = Math.ceil(rounds / 10);
  for (let round = -warmUp; round < rounds; round++) {
    const limitPerS = rateOf(limit, records, repetitions.limit);
    const valuePerS = rateOf(value, records, repetitions.value);
    if (round >= 0) taken.push({ limitPerS, valuePerS });
  }
  return {
    limitPerS: median(taken.map((rates) => rates.limitPerS)),
    valuePerS: median(taken.map((rates) => rates.valuePerS)),
    ratio: median(taken.map((rates) => rates.valuePerS / rates.limitPerS)),
  };
}

/** Bytes of heap that one record costs, the young ones included: few enough passes that nothing is collected between. */
export function heapBytesPerRecord(pass: Pass, records: number): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('no garbage collector to call');
  const samples = Array.from({ length: 21 }, () => {
    Reflect.apply(collect, undefined, []);
    const before = process.memoryUsage().heapUsed;
    pass();
    return process.memoryUsage().heapUsed - before;
  });
  return Math.max(0, median(samples)) / records;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function rateOf(pass: Pass, records: number, repetitions: number): number {
  const startMs = performance.now();
  for (let left = repetitions; left > 0; left--) pass();
  return (repetitions * records * 1_000) / (performance.now() - startMs);
}

function repetitionsOf(pass: Pass): number {
  const startMs = performance.now();
  let done = 0;
  for (; performance.now() - startMs < 200; done++) pass();
  return Math.max(1, Math.round((done * SLICE_MS) / 200));
}
