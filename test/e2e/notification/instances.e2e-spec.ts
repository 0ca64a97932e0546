import { setTimeout as delay } from 'node:timers/promises';
import { eventually, testServers } from '@app/common/testing';
import { LEASE_MS, Trial } from './trial.testing';

const ACCEPTED = /notification_intents_total\{.*result="accepted"/;
const PUBLISHED = /notification_routes_total\{.*state="published"/;

/** Resolves when each of them has accepted intents and published routes since it was started. */
async function share(under: Trial, ...names: string[]): Promise<void> {
  await eventually(
    async () => {
      for (const name of names) {
        expect(await under.counter(name, ACCEPTED)).toBeGreaterThan(0);
        expect(await under.counter(name, PUBLISHED)).toBeGreaterThan(0);
      }
    },
    { what: `${names.join(' and ')} to share the work`, timeoutMs: 60_000 },
  );
}

describe('two instances of notification under load', () => {
  const servers = testServers();
  let trial: Trial | undefined;
  afterEach(async () => {
    await trial?.stop();
    trial = undefined;
  });

  it('share the work, through the death of one and the sleep of the other', async () => {
    trial = await Trial.start(servers, { instances: 2 });
    const { feed } = trial;
    feed.start();
    await share(trial, 'notification-1', 'notification-2');

    await trial.app('notification-2').kill();
    await feed.burst(200);
    await feed.grown(100);
    await trial.app('notification-2').start();
    await share(trial, 'notification-2');

    await feed.burst(200);
    trial.app('notification-1').pause();
    // Longer than any lease that it holds: whatever it does next, another has done it.
    await delay(3 * LEASE_MS);
    await feed.burst(100);
    trial.app('notification-1').resume();
    await feed.grown(200);

    await feed.stop();
    await trial.settled();
    expect(await trial.differences()).toEqual([]);
    expect(await trial.stop()).toEqual([]);
    trial = undefined;
  }, 240_000);
});

describe('two instances of notification with a backlog', () => {
  const servers = testServers();
  let trial: Trial | undefined;
  afterEach(async () => {
    await trial?.stop();
    trial = undefined;
  });

  it('lose nothing and leave nothing in hand when they are ended in the middle of their work', async () => {
    trial = await Trial.start(servers, { instances: 2 });
    const { feed } = trial;
    for (const name of ['notification-1', 'notification-2', 'notification-1']) {
      await feed.burst(500);
      // Only in the middle of it: it has begun, and there is more to do.
      await eventually(async () => Object.keys((await trial?.unsettled()) ?? {}).length > 0, {
        what: 'routes that wait',
      });
      expect(await trial.app(name).stop()).toBe(true);
      await trial.app(name).start();
    }
    await feed.burst(500);
    await Promise.all(['notification-1', 'notification-2'].map(async (name) => trial?.app(name).stop()));
    expect(await trial.unsettled()).not.toHaveProperty('route publishing');
    expect(await trial.intents()).toMatchObject({ pending: 0 });
    await Promise.all(['notification-1', 'notification-2'].map(async (name) => trial?.app(name).start()));
    await trial.settled();
    expect(await trial.differences()).toEqual([]);
  }, 240_000);
});
