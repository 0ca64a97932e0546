import { eventually } from '@app/common/testing';
import { BAD_INPUT, type RowNumber } from './bad-input';

/* How the specs over real sockets belong to the rows of the matrix. Not part of the app. */

/** The name of a test of this row; bad-input.spec.ts looks for one of each. */
export const row = (number: RowNumber, what: string): string => `${number}: ${what}`;

/** The row's counter has moved so often. */
export async function expectRowCounted(
  kit: { count(name: string, labels: Readonly<Record<string, string>>): Promise<number> },
  number: RowNumber,
  times = 1,
): Promise<void> {
  const { name, labels } = BAD_INPUT[number].counter;
  await eventually(async () => (await kit.count(name, labels)) === times, {
    what: `row ${number}: ${name} ${JSON.stringify(labels)} to be ${times}`,
  });
}
