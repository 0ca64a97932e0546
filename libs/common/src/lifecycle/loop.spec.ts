import pino from 'pino';
import { Loop } from './loop';

const logger = pino({ level: 'silent' });

/** A promise that a test resolves when it is time. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('Loop', () => {
  it('goes on at once after 0 and stops between rounds', async () => {
    const third = gate();
    let rounds = 0;
    const loop = new Loop({
      name: 'test',
      logger,
      round: () => {
        rounds += 1;
        if (rounds === 3) third.open();
        return Promise.resolve(rounds < 3 ? 0 : 3_600_000);
      },
    });
    loop.start();
    await third.opened;
    await loop.stop();
    expect(rounds).toBe(3);
  });

  it('is woken from its rest, also by a wake that came during the round', async () => {
    const second = gate();
    let rounds = 0;
    const loop: Loop = new Loop({
      name: 'test',
      logger,
      round: () => {
        rounds += 1;
        if (rounds === 1) loop.wake();
        else second.open();
        return Promise.resolve(3_600_000);
      },
    });
    loop.start();
    await second.opened;
    await loop.stop();
    expect(rounds).toBe(2);
  });

  it('survives a round that throws', async () => {
    const recovered = gate();
    let rounds = 0;
    const loop = new Loop({
      name: 'test',
      logger,
      retryMs: 1,
      round: () => {
        rounds += 1;
        if (rounds === 1) return Promise.reject(new Error('outage'));
        recovered.open();
        return Promise.resolve(3_600_000);
      },
    });
    loop.start();
    await recovered.opened;
    await loop.stop();
  });

  it('waits for the round under way when it is stopped, and starts no other', async () => {
    const entered = gate();
    const release = gate();
    let rounds = 0;
    let finished = 0;
    const loop = new Loop({
      name: 'test',
      logger,
      round: async () => {
        rounds += 1;
        entered.open();
        await release.opened;
        finished += 1;
        return 0;
      },
    });
    loop.start();
    await entered.opened;
    const stopped = loop.stop();
    release.open();
    await stopped;
    expect([rounds, finished]).toEqual([1, 1]);
  });

  it('does not start after it was stopped', async () => {
    let rounds = 0;
    const loop = new Loop({
      name: 'test',
      logger,
      round: () => {
        rounds += 1;
        return Promise.resolve(0);
      },
    });
    await loop.stop();
    loop.start();
    await loop.stop();
    expect(rounds).toBe(0);
  });
});
