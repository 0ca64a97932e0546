export function say(...lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`${line}\n`);
}

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** The middle one; of an even number the lower of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
}
