import { createLogger } from '@app/common/observability';
import { StoreWatch } from './store-watch';

const watchOf = (): StoreWatch => new StoreWatch(createLogger({ app: 'edge-test', level: 'silent' }));

it('lets nothing in from three quarters of the memory on, and again below', async () => {
  const watch = watchOf();
  let writes = 0;
  const write = (): Promise<void> => {
    writes += 1;
    return Promise.resolve();
  };
  watch.observe({ usedBytes: 74, maxBytes: 100 });
  await watch.run(write);
  watch.observe({ usedBytes: 75, maxBytes: 100 });
  await expect(watch.run(write)).rejects.toMatchObject({ code: 'STREAM_REFUSED' });
  expect(writes).toBe(1);
  watch.observe({ usedBytes: 60, maxBytes: 100 });
  await watch.run(write);
  expect(writes).toBe(2);
});

it('does not call a store without a limit full', () => {
  const watch = watchOf();
  watch.observe({ usedBytes: 10 ** 12, maxBytes: 0 });
  expect(watch.isFull).toBe(false);
});

it('fails from a refused write until the next that succeeds', async () => {
  const watch = watchOf();
  await expect(watch.run(() => Promise.reject(new Error('no store')))).rejects.toThrow('no store');
  expect(watch.isFailing).toBe(true);
  await watch.run(() => Promise.resolve());
  expect(watch.isFailing).toBe(false);
});
