import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type DeviceFamily, familyOf, findIo, ioDefinitions, valueOf } from './dictionary';

const FAMILIES: readonly DeviceFamily[] = ['FMB', 'PRO', 'TAT', 'FT'];
const chosenFolder = process.env['ODOGRAPH_VECTORS'];
const file = join(chosenFolder ?? resolve(__dirname, '../../../../../shared/reference'), 'avl-ids.tsv');
const TYPES: Record<string, string> = { u: 'unsigned', s: 'signed', hex: 'bytes', ascii: 'text' };
/** Its own note says hundredths of g, or of rad/s; the multiplier column of one family says 1. */
const GREEN_DRIVING_VALUE = 254;

if (chosenFolder !== undefined || existsSync(file)) {
  const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  const rows = lines.map((line) => line.split('\t'));

  it('has all 662 published rows', () => {
    expect(rows).toHaveLength(662);
  });

  it.each(
    rows.map(([id, , bytes, type, multiplier, , , families, , values]) => ({
      id,
      families,
      bytes,
      type,
      multiplier,
      values,
    })),
  )('knows $id of $families', ({ id, families, bytes, type, multiplier, values }) => {
    for (const family of FAMILIES.filter((name) => families?.split('+').includes(name))) {
      const definition = findIo(family, Number(id));
      expect(definition).toMatchObject({
        type: TYPES[type ?? ''],
        multiplier: Number(id) === GREEN_DRIVING_VALUE ? 0.01 : Number(multiplier),
        ...(bytes === 'var' ? {} : { bytes: Number(bytes) }),
      });
      if (/^\d \w/.test(values ?? '')) expect(definition?.valueNames.size).toBeGreaterThan(0);
    }
  });
} else {
  it.skip(`the published rows (no ${file}; ODOGRAPH_VECTORS names another folder)`, () => undefined);
}

describe('dictionary', () => {
  it.each(FAMILIES)('gives every id of %s a name of its own', (family) => {
    const names = ioDefinitions(family).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('covers at least as many meanings as are published', () => {
    const meanings = FAMILIES.map((family) => ioDefinitions(family).length);
    expect(meanings.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(662);
  });

  it.each([
    ['FMB', 'FMB'],
    ['fmc130', 'FMB'],
    ['FM1100', 'FMB'],
    ['FMB640', 'PRO'],
    ['FMC650', 'PRO'],
    ['TAT240', 'TAT'],
    ['FTC887', 'FT'],
    ['GH3000', undefined],
    ['', undefined],
  ])('takes %j for %s', (model, family) => {
    expect(familyOf(model)).toBe(family);
  });

  it('names of an unknown family only what is the same everywhere', () => {
    expect(findIo(undefined, 239)?.name).toBe('ignition');
    expect(findIo(undefined, 16)).toBeUndefined();
    expect(findIo('FT', 16)).toBeUndefined();
  });

  it('gives an id the meaning of its family', () => {
    expect([findIo('FMB', 11)?.name, findIo('PRO', 11)?.name]).toEqual(['iccid1', 'analogInput3']);
    expect([findIo('FMB', 67)?.unit, findIo('FT', 67)?.unit]).toEqual(['V', 'mV']);
    expect(findIo('FMB', 155)?.valueNames.get(1)).toBe('entered');
  });

  it.each([
    ['scales', 'FMB', { id: 66, size: 2, value: 12_874 }, 12.874],
    ['signs', 'FMB', { id: 17, size: 2, value: 0xfff6 }, -10],
    ['signs and scales', 'FMB', { id: 72, size: 4, value: 0xffff_fff1 }, -1.5],
    ['multiplies', 'FMB', { id: 45, size: 2, value: 21 }, 210],
    ['keeps 64 bits of', 'FMB', { id: 11, size: 8, value: 2n ** 64n - 1n }, 2n ** 64n - 1n],
    ['reads text of', 'FMB', { id: 256, size: 'variable', value: Buffer.from('WVW') }, 'WVW'],
    [
      'does not take for its own an element of another width:',
      'PRO',
      { id: 11, size: 8, value: 1n },
      undefined,
    ],
  ] as const)('%s %s %j', (_, family, element, value) => {
    const definition = findIo(family, element.id);
    if (definition === undefined) throw new Error('not in the dictionary');
    expect(valueOf(definition, element)).toBe(value);
  });
});
