import { BAD_INPUT, type RowNumber } from './bad-input';

/* How the specs over real sockets belong to the rows of the matrix. Not part of the app. */

const TIMEOUT_MS = 10_000;

/** The name of a test of this row; bad-input.spec.ts looks for one of each. */
export const row = (number: RowNumber, what: string): string => `${number}: ${what}`;

/** The row's counter has moved so often. */
export async function expectRowCounted(
  kit: { count(name: string, labels: Readonly<Record<string, string>>): Promise<number> },
  number: RowNumber,
  times = 1,
): Promise<void> {
  const { name, labels } = BAD_INPUT[number].counter;
  const deadline = performance.now() + TIMEOUT_MS;
  for (let found = NaN; found !== times; found = await kit.count(name, labels)) {
    if (performance.now() > deadline) {
      throw new Error(`row ${number}: ${name} ${JSON.stringify(labels)} is ${found}, not ${times}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
