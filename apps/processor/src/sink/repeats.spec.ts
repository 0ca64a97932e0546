import { Repeats } from './repeats';

it('expects none at first, and after one some, until none has come for a while', () => {
  const repeats = new Repeats();
  expect(repeats.areExpected).toBe(false);
  repeats.found(1);
  for (let batch = 0; batch < 7; batch += 1) repeats.found(0);
  expect(repeats.areExpected).toBe(true);
  repeats.found(3);
  for (let batch = 0; batch < 7; batch += 1) repeats.found(0);
  expect(repeats.areExpected).toBe(true);
  repeats.found(0);
  expect(repeats.areExpected).toBe(false);
});
