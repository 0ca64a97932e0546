import { eventually } from './eventually';

describe('eventually', () => {
  it('answers what the check answers, as soon as it neither throws nor says false', async () => {
    let calls = 0;
    const answer = await eventually(
      () => {
        calls += 1;
        if (calls === 1) throw new Error('not yet');
        return calls > 2 && { calls };
      },
      { what: 'the third call' },
    );
    expect(answer).toEqual({ calls: 3 });
  });

  it('takes a check without an answer, such as an expect(), for met', async () => {
    await expect(eventually(() => expect(1).toBe(1), { what: 'one' })).resolves.toBeUndefined();
  });

  it('fails with what it waited for and the last error', async () => {
    const wait = eventually(() => Promise.reject(new Error('table is empty')), {
      what: 'a row',
      timeoutMs: 30,
    });
    await expect(wait).rejects.toThrow('waited 30 ms for a row: table is empty');
  });

  it('does not wait for a check that hangs', async () => {
    const wait = eventually(() => new Promise<never>(() => undefined), { what: 'an answer', timeoutMs: 30 });
    await expect(wait).rejects.toThrow('waited 30 ms for an answer');
  });

  it('leaves no timer behind', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await eventually(() => true, { what: 'nothing', timeoutMs: 60_000 });
    expect(timers()).toBe(before);
  });
});
