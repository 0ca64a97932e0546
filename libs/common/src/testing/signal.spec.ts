import { signal } from './signal';

describe('signal', () => {
  it('keeps emissions, in order, until they are asked for', async () => {
    const fetched = signal<number>('fetched');
    fetched.emit(1);
    fetched.emit(2);
    expect([await fetched.next(), await fetched.next(), fetched.count]).toEqual([1, 2, 2]);
  });

  it('wakes those who wait, first come first served', async () => {
    const fetched = signal<number>('fetched');
    const both = Promise.all([fetched.next(), fetched.next()]);
    fetched.emit(1);
    fetched.emit(2);
    expect(await both).toEqual([1, 2]);
  });

  it('fails by name after its timeout, and does not swallow a later emission', async () => {
    const fetched = signal<number>('fetched');
    await expect(fetched.next(20)).rejects.toThrow(
      'waited 20 ms for the signal "fetched" (seen 0 times before)',
    );
    fetched.emit(7);
    await expect(fetched.next()).resolves.toBe(7);
  });

  it('can carry nothing but the fact', async () => {
    const stopped = signal('stopped');
    stopped.emit();
    await expect(stopped.next()).resolves.toBeUndefined();
  });
});
