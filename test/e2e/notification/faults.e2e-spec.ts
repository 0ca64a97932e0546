import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIL_DELIVERY_COMMANDS } from '@app/common/contracts';
import { eventually, testServers } from '@app/common/testing';
import { TestUserService } from '../../../apps/notification/src/directory/user-service.testing';
import { faultPoints, takesAllFaults } from '../fault-points.testing';
import { type Stores } from '../system.testing';
import { user, USERS } from './feed.testing';
import { OwnRedis } from './own-redis.testing';
import { Trial, type TrialOptions } from './trial.testing';

/*
 * kill -9 at each point that an intent passes on its way to the streams, while others pass it. Whatever the crash: no
 * intent is lost, each route is in one final state, and each entry is in its stream once.
 */

/** Between two durable steps, where a repeat must change nothing; `npm run test:faults` takes all points. */
const SAMPLE = new Set(['intents.before-ack', 'intents.before-commit-waiting', 'publishers.after-publish']);
/** What intake and publishing consist of; the optional features have tests of their own. */
const OURS = /^(intents|directory|routes|publishers)\./;
const PATIENCE_MS = 60_000;

const points = faultPoints(['notification'])
  .map(({ point }) => point)
  .filter((point) => OURS.test(point) && (takesAllFaults() || SAMPLE.has(point)));

describe.each(points)('a crash of notification at %s', (point) => {
  const servers = testServers();
  const folder = mkdtempSync(join(tmpdir(), 'odograph-fault-'));
  const struck = join(folder, 'struck');
  let trial: Trial | undefined;
  let users: TestUserService | undefined;
  let redis: OwnRedis | undefined;
  afterAll(async () => {
    await trial?.stop();
    await users?.stop();
    await redis?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const armed = (at: string, file = struck) => ({ ODOGRAPH_FAULT: at, ODOGRAPH_FAULT_ONCE: file });

  /** What it takes to pass the point. */
  async function circumstances(): Promise<TrialOptions> {
    if (point.endsWith('-waiting') || point.startsWith('directory.')) {
      users = await TestUserService.start();
      for (let number = 0; number < USERS; number += 1) {
        users.users.set(user(number), { email: `${user(number)}@example.org`, preferred_language: 'en' });
      }
      return { settings: { ...armed(point), NOTIFICATION_USER_SERVICE_BASE_URL: users.baseUrl } };
    }
    if (point === 'publishers.after-seal') {
      // One dies with routes in its hands that are superseded before the other finds them.
      const first = armed('publishers.after-claim', join(folder, 'first'));
      return { instances: 2, settingsOf: { 'notification-1': first, 'notification-2': armed(point) } };
    }
    return { settings: armed(point) };
  }

  async function stores(): Promise<Stores> {
    if (!isOfRepair(point)) return servers;
    redis = await OwnRedis.start();
    const { url: redisUrl } = redis;
    return { postgresUrl: (name) => servers.postgresUrl(name), redisUrl };
  }

  it('leaves each route in one state and each entry once', async () => {
    trial = await Trial.start(await stores(), { restartDead: true, ...(await circumstances()) });
    const { feed } = trial;
    // What no channel refuses is settled by other statements.
    const isOfRefusals = point === 'routes.after-settle';
    if (isOfRefusals) await trial.block(MAIL_DELIVERY_COMMANDS);
    await feed.burst(100);
    if (redis !== undefined) {
      await trial.settled();
      redis.remember();
      await feed.burst(100);
      await trial.settled();
      await redis.forget();
    }
    feed.start();
    await eventually(() => existsSync(struck), { timeoutMs: PATIENCE_MS, what: `the crash at ${point}` });
    if (isOfRefusals) await trial.unblock(MAIL_DELIVERY_COMMANDS);
    await feed.grown(100);
    await feed.burst(200);
    await feed.stop();
    await trial.settled();
    expect(await trial.differences()).toEqual([]);
    expect(await trial.stop()).toEqual([]);
    trial = undefined;
  }, 240_000);
});

/** Passed where a target stream is found to have lost its tail. */
function isOfRepair(point: string): boolean {
  return point.startsWith('publishers.repair-');
}
