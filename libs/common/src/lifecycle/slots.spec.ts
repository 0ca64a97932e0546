import { Slots } from './slots';

describe('Slots', () => {
  it('runs so many at one time, urgent ones before those that came earlier, and goes on after a failure', async () => {
    const slots = new Slots(2);
    const started: string[] = [];
    const ends = new Map<string, (error?: Error) => void>();
    const run = (name: string, urgent: boolean) =>
      slots.run(() => {
        started.push(name);
        return new Promise<void>((resolve, reject) =>
          ends.set(name, (error) => (error === undefined ? resolve() : reject(error))),
        );
      }, urgent);
    const first = run('a', false);
    const others = [run('b', false), run('c', false), run('sos', true)];
    expect(started).toEqual(['a', 'b']);
    ends.get('a')?.(new Error('failed'));
    await expect(first).rejects.toThrow('failed');
    expect(started).toEqual(['a', 'b', 'sos']);
    ends.get('sos')?.();
    await others[2];
    expect(started).toEqual(['a', 'b', 'sos', 'c']);
    ends.get('b')?.();
    ends.get('c')?.();
    await Promise.all(others);
  });
});
