import { describeAppending } from './appending';
import { newShard, NEVER, type Bench } from './bench';
import { describeConnections } from './connections';
import { describeDeadLetters } from './dead-letters';
import { describeGroups } from './groups';
import { describeMarks } from './marks';
import { describeOperations } from './operations';
import { describeOwnedReads } from './owned-reads';
import { describeProjections } from './projections';
import { describePublishingOnce } from './publishing-once';
import { describePublishingRetried } from './publishing-retried';
import { describeSinks } from './sinks';
import { describeTrimming, describeWaiting } from './waiting-and-trimming';

export type { Bench, Surgery } from './bench';

/** The one suite that every adapter of the port passes; see the specs beside it. */
export function describeStreams(name: string, setUp: () => Promise<Bench>): void {
  describe(`streams: ${name}`, () => {
    let current: Bench | undefined;
    const bench = (): Bench => {
      if (current === undefined) throw new Error('the bench stands only within a test');
      return current;
    };

    beforeAll(async () => {
      current = await setUp();
    });
    afterAll(async () => {
      await current?.close();
      current = undefined;
    });

    describeAppending(bench);
    describeOwnedReads(bench);
    describeDeadLetters(bench);
    describeWaiting(bench);
    describeTrimming(bench);
    describeGroups(bench);
    describeMarks(bench);
    describePublishingOnce(bench);
    describePublishingRetried(bench);
    describeSinks(bench);
    describeProjections(bench);
    describeConnections(bench);
    describeOperations(bench);

    it('answers a ping', async () => {
      expect(await bench().a.ping(1000)).toBeLessThan(1000);
      expect((await bench().a.memory()).usedBytes).toBeGreaterThanOrEqual(0);
    });

    it('ends its waits when it is closed, and takes no more calls', async () => {
      const own = await setUp();
      const waiting = own.a.waitForEntries(new Map([[newShard(), '0-0']]), 60_000, NEVER);
      const ended = expect(waiting).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
      await own.b.ping(1000);
      await own.close();
      await ended;
      await expect(own.a.append(newShard(), { n: '1' })).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
      await own.close();
    });
  });
}
