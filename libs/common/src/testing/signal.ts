/** A point in the code under test that a test can wait for. Emissions before `next()` are kept, in order. */
export interface TestSignal<T> {
  /** Give this to the code under test as its callback. */
  readonly emit: (value: T) => void;
  /** The oldest emission that no one has taken yet, or the next one. Fails after `timeoutMs` (default 10,000). */
  next(timeoutMs?: number): Promise<T>;
  /** How often `emit` was called in all. */
  readonly count: number;
}

/** A waitable signal; `name` stands in the error of a `next()` that waited in vain. */
export function signal<T = void>(name: string): TestSignal<T> {
  const kept: { value: T }[] = [];
  const waiting: ((value: T) => void)[] = [];
  let count = 0;

  const emit = (value: T): void => {
    count += 1;
    const first = waiting.shift();
    if (first) first(value);
    else kept.push({ value });
  };

  const next = (timeoutMs = 10_000): Promise<T> => {
    const oldest = kept.shift();
    if (oldest) return Promise.resolve(oldest.value);
    return new Promise<T>((resolve, reject) => {
      const take = (value: T): void => {
        clearTimeout(timer);
        resolve(value);
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(take), 1);
        reject(new Error(`waited ${timeoutMs} ms for the signal "${name}" (seen ${count} times before)`));
      }, timeoutMs);
      waiting.push(take);
    });
  };

  return {
    emit,
    next,
    get count() {
      return count;
    },
  };
}
