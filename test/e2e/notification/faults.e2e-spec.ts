import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, testServers } from '@app/common/testing';
import { faultPoints, takesAllFaults, type FaultPoint } from '../fault-points.testing';
import { Trial } from './trial.testing';

/*
 * kill -9 at each point that an intent passes on its way to the streams, while others pass it. Whatever the crash: no
 * intent is lost, each route is in one final state, and each entry is in its stream once.
 */

/** Between two durable steps, where a repeat must change nothing; `npm run test:faults` takes all points. */
const SAMPLE = new Set(['intents.before-ack', 'publishers.after-publish']);

const isWanted = ({ point }: FaultPoint): boolean => takesAllFaults() || SAMPLE.has(point);

describe.each(faultPoints(['notification']).filter(isWanted))(
  'a crash of notification at $point',
  ({ point }) => {
    const servers = testServers();
    const folder = mkdtempSync(join(tmpdir(), 'odograph-fault-'));
    const struck = join(folder, 'struck');
    let trial: Trial | undefined;
    afterAll(async () => {
      await trial?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it('leaves each route in one state and each entry once', async () => {
      trial = await Trial.start(servers, {
        restartDead: true,
        settings: { ODOGRAPH_FAULT: point, ODOGRAPH_FAULT_ONCE: struck },
      });
      const { feed } = trial;
      feed.start();
      await eventually(() => existsSync(struck), { timeoutMs: 30_000, what: `the crash at ${point}` });
      await feed.grown(100);
      await feed.burst(200);
      await feed.stop();
      await trial.settled();
      expect(await trial.differences()).toEqual([]);
      expect(await trial.stop()).toEqual([]);
      trial = undefined;
    }, 180_000);
  },
);
