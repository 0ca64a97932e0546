import { HeldLeases } from './held-leases';

const lease = (name: string, epoch = 1n) => ({ name, epoch });

describe('HeldLeases', () => {
  it('retires a lease only when no work uses it, and lets none begin meanwhile', async () => {
    const held = new HeldLeases();
    held.add(lease('a'));
    let finish: () => void = () => undefined;
    const working = held.use([lease('a')], () => new Promise<void>((resolve) => (finish = resolve)));
    let retired = false;
    const retiring = held.retire(lease('a')).then(() => {
      retired = true;
    });
    expect(await held.use([lease('a')], (usable) => Promise.resolve(usable.length))).toBe(0);
    expect(held.usable()).toEqual([]);
    expect(retired).toBe(false);
    finish();
    await Promise.all([working, retiring]);
    expect(retired).toBe(true);
  });

  it('frees a lease when the work under it throws', async () => {
    const held = new HeldLeases();
    held.add(lease('a'));
    await expect(held.use([lease('a')], () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    await held.retire(lease('a'));
  });

  it('gives no work a lease that was acquired anew since', async () => {
    const held = new HeldLeases();
    held.add(lease('a', 2n));
    expect(await held.use([lease('a', 1n)], (usable) => Promise.resolve(usable.length))).toBe(0);
  });
});
