import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRIC_CATALOG } from '@app/common/observability';
import { BAD_INPUT, type BadInput } from './bad-input';

const rows: readonly (readonly [string, BadInput])[] = Object.entries(BAD_INPUT);

it('has the 34 rows', () => {
  expect(rows.map(([number]) => Number(number))).toEqual(Array.from({ length: 34 }, (_, index) => index + 1));
});

it('has a test over a real socket for each row', () => {
  const specs = readdirSync(__dirname).filter((file) => file.endsWith('.int-spec.ts'));
  const text = specs.map((file) => readFileSync(join(__dirname, file), 'utf8')).join('\n');
  const tested = new Set([...text.matchAll(/\brow\((\d+),/g)].map(([, number]) => number));
  expect(rows.map(([number]) => number).filter((number) => !tested.has(number))).toEqual([]);
});

it.each(rows)('row %s counts by a metric of the catalog, with its labels', (_, { counter }) => {
  expect(Object.keys(counter.labels)).toEqual([...METRIC_CATALOG[counter.name].labels]);
});
