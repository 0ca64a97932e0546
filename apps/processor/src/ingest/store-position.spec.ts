import { decodeNote, encodeNote, regressionOf, shardRegressionOf } from './store-position';

const seen = {
  system: '7710878317405330486',
  timeline: '00000001',
  lsn: 2n ** 63n,
  lastId: '1790000000000-7',
};

it('reads a note as it was written, and no other text', () => {
  expect(decodeNote(encodeNote(seen))).toEqual(seen);
  expect(['', '1/00000001/2', '1/1/2/3-4', 'x/00000001/2/3-4'].map(decodeNote)).toEqual(
    Array(4).fill(undefined),
  );
});

it.each([
  ['the same place', {}, undefined],
  ['a later place', { lsn: seen.lsn + 1n }, undefined],
  ['an earlier place', { lsn: seen.lsn - 1n }, 'its log stands at'],
  ['another system', { system: '1', lsn: seen.lsn + 1n }, 'it is database system 1'],
  ['a later timeline', { timeline: '00000002', lsn: seen.lsn + 1n }, 'it is on timeline 00000002'],
])('holds %s', (_name, change, reason) => {
  const regression = regressionOf(seen, { ...seen, ...change });
  if (reason === undefined) expect(regression).toBeUndefined();
  else expect(regression).toContain(reason);
});

it('sees that a shard went back though the log has passed the place', () => {
  const now = { ...seen, lsn: seen.lsn * 2n };
  expect(shardRegressionOf(seen, now, '1790000000000-7')).toBeUndefined();
  expect(shardRegressionOf(seen, now, '1790000000000-10')).toBeUndefined();
  expect(shardRegressionOf(seen, now, '1790000000000-6')).toContain('up to 1790000000000-6');
});
