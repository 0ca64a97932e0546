import { setImmediate as nextTurn } from 'node:timers/promises';
import { addedAtMs } from '../entries';
import { fill, GROUP, idsOf, NEVER, newShard, numbersOf, readAs, type BenchOf } from './bench';

export function describeWaiting(bench: BenchOf): void {
  describe('waiting', () => {
    it('knows where streams end', async () => {
      const [full, empty] = [newShard(), newShard()];
      const ids = await fill(bench().a, full, 3);
      expect([...(await bench().b.lastIds([full, empty]))]).toEqual([
        [full, ids[2]],
        [empty, '0-0'],
      ]);
      expect((await bench().a.lastIds([])).size).toBe(0);
    });

    it('returns at once for what came between the last ids and the wait, with the new last id', async () => {
      const [one, two] = [newShard(), newShard()];
      const after = await bench().a.lastIds([one, two]);
      const ids = await fill(bench().b, two, 5);
      const grown = await bench().a.waitForEntries(after, 60_000, NEVER);
      expect([...grown]).toEqual([[two, ids[4]]]);
    });

    it('wakes for an entry that comes while it waits', async () => {
      const stream = newShard();
      await fill(bench().a, stream, 1);
      const after = await bench().a.lastIds([stream]);
      const waiting = bench().a.waitForEntries(after, 60_000, NEVER);
      const startedAt = performance.now();
      const [id] = await fill(bench().b, stream, 1);
      expect((await waiting).get(stream)).toBe(id);
      expect(performance.now() - startedAt).toBeLessThan(1000);
    });

    it('hands out nothing: what it saw is still to be read', async () => {
      const stream = newShard();
      const waiting = bench().a.waitForEntries(new Map([[stream, '0-0']]), 60_000, NEVER);
      await fill(bench().b, stream, 2);
      await waiting;
      expect(numbersOf((await readAs(bench().a, stream)).entries)).toEqual([0, 1]);
    });

    it('ends empty after its time', async () => {
      const after = new Map([[newShard(), '0-0']]);
      expect((await bench().a.waitForEntries(after, 20, NEVER)).size).toBe(0);
    });

    it('ends empty on abort, also before it began, and can wait again', async () => {
      const stream = newShard();
      const after = new Map([[stream, '0-0']]);
      const abort = new AbortController();
      const waiting = bench().a.waitForEntries(after, 60_000, abort.signal);
      await nextTurn();
      abort.abort();
      expect((await waiting).size).toBe(0);
      expect((await bench().a.waitForEntries(after, 60_000, abort.signal)).size).toBe(0);
      await fill(bench().b, stream, 1);
      expect((await bench().a.waitForEntries(after, 60_000, NEVER)).size).toBe(1);
    });

    it('lets several wait at once while other verbs go on', async () => {
      const streams = [newShard(), newShard(), newShard()];
      const waits = streams.map((stream) =>
        bench().a.waitForEntries(new Map([[stream, '0-0']]), 60_000, NEVER),
      );
      for (const stream of streams) await fill(bench().a, stream, 1);
      expect((await Promise.all(waits)).map(({ size }) => size)).toEqual([1, 1, 1]);
    });
  });
}

export function describeTrimming(bench: BenchOf): void {
  describe('trimming', () => {
    const trim = (stream: string, groups: readonly string[] = [GROUP], keepMs = 0) =>
      bench().a.trimOwned({ stream, groups, keepMs });
    const left = async (stream: string) => numbersOf(await bench().a.range(stream, '-', '+', 99));

    const storeNowMs = async () => addedAtMs(await bench().a.append(newShard(), { n: '0' }));

    /** `keepMs: 0` still keeps the current millisecond, by the store's clock: a later id shows that it has passed. */
    async function pastNow(stream: string): Promise<void> {
      const { a } = bench();
      const [last = ''] = (await a.lastIds([stream])).values();
      for (let id = last; id.split('-')[0] === last.split('-')[0];)
        id = await a.append(newShard(), { n: '0' });
    }

    it('keeps what is pending and what was not read, and removes what is done', async () => {
      const stream = newShard();
      const ids = await fill(bench().a, stream, 10);
      await readAs(bench().a, stream, { count: 6 });
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 1n, ids: [...ids.slice(0, 3), ids[4] ?? ''] });
      await pastNow(stream);
      expect(await trim(stream)).toEqual({ removed: 3, unknownGroups: [] });
      expect(await left(stream)).toEqual([3, 4, 5, 6, 7, 8, 9]);

      await bench().a.ackOwned({ stream, group: GROUP, epoch: 1n, ids });
      await trim(stream);
      // The last delivered itself stays: it marks where the group stands.
      expect(await left(stream)).toEqual([5, 6, 7, 8, 9]);
    });

    it('never removes what is younger than it must keep', async () => {
      const stream = newShard();
      const ids = await fill(bench().a, stream, 3);
      await readAs(bench().a, stream);
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 1n, ids });
      expect(await trim(stream, [GROUP], 60_000)).toMatchObject({ removed: 0 });
      expect(await left(stream)).toEqual([0, 1, 2]);
    });

    it('counts the age from the ack where it is told to: entries that waited long are kept after it', async () => {
      const stream = newShard();
      const ids = await fill(bench().a, stream, 4);
      await readAs(bench().a, stream, { count: 3 });
      const keepMs = 50;
      const passed = async (fromMs: number) => {
        for (let nowMs = fromMs; nowMs < fromMs + keepMs;) nowMs = await storeNowMs();
      };
      await passed(addedAtMs(ids[3] ?? ''));
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 1n, ids: ids.slice(0, 2) });
      const request = { stream, groups: [GROUP], keepMs, since: 'acknowledged' } as const;
      // By their own age both would go.
      expect(await bench().a.trimOwned(request)).toEqual({ removed: 0, unknownGroups: [] });
      const lookedMs = await storeNowMs();
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 1n, ids: ids.slice(2, 3) });
      await bench().a.readOwned({ stream, group: GROUP, consumer: 'one', epoch: 1n, count: 1 });
      await passed(lookedMs);
      // What was acknowledged after the first look is as old, and its own look is still to come.
      expect(await bench().a.trimOwned(request)).toEqual({ removed: 2, unknownGroups: [] });
      expect(await left(stream)).toEqual([2, 3]);
    });

    it('goes by the slowest registered group', async () => {
      const stream = newShard();
      const ids = await fill(bench().a, stream, 4);
      await readAs(bench().a, stream);
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 1n, ids });
      await bench().a.ensureGroup(stream, 'slow');
      const slow = { stream, group: 'slow', consumer: 'one', count: 2, blockMs: 0, signal: NEVER };
      await bench().a.ackGroup(stream, 'slow', idsOf(await bench().a.readGroup(slow)));
      await pastNow(stream);
      await trim(stream, [GROUP, 'slow']);
      expect(await left(stream)).toEqual([1, 2, 3]);
    });

    it('removes nothing before a registered group exists', async () => {
      const stream = newShard();
      await fill(bench().a, stream, 3);
      await pastNow(stream);
      expect(await trim(stream, ['to come'])).toEqual({ removed: 0, unknownGroups: [] });
    });

    it('reports groups that nobody registered and lets them hold nothing', async () => {
      const stream = newShard();
      await fill(bench().a, stream, 3);
      const read = { stream, group: 'forgotten', consumer: 'one', count: 1, blockMs: 0, signal: NEVER };
      await bench().a.ackGroup(stream, 'forgotten', idsOf(await bench().a.readGroup(read)));
      await pastNow(stream);
      expect(await trim(stream, [])).toEqual({ removed: 3, unknownGroups: ['forgotten'] });
      expect(await bench().a.info(stream, [GROUP])).toMatchObject({
        unreadTrimmed: true,
        groups: [{ name: 'forgotten', known: false }],
      });
    });

    it('tells what was lost from what was trimmed', async () => {
      const [stream, fresh] = [newShard(), newShard()];
      const ids = await fill(bench().a, stream, 6);
      await readAs(bench().a, stream);
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 1n, ids: ids.slice(0, 2) });
      await pastNow(stream);
      await trim(stream);
      expect(await bench().b.findLost(stream, ids)).toEqual(new Map());
      for (const id of [ids[3] ?? '', ids[5] ?? '']) await bench().surgery.deleteEntry(stream, id);
      expect([...(await bench().b.findLost(stream, ids))]).toEqual([
        [ids[3], ids[2]],
        [ids[5], ids[4]],
      ]);
      // A stream that was made anew, with later ids than the old one had, and one that is gone.
      expect([...(await bench().b.findLost(fresh, [ids[0] ?? '']))]).toEqual([[ids[0], '0-0']]);
      await fill(bench().a, fresh, 1);
      expect([...(await bench().b.findLost(fresh, [ids[0] ?? '']))]).toEqual([[ids[0], '0-0']]);
      expect(await bench().a.boot()).toBe(await bench().b.boot());
    });

    it('has nothing to do on a stream that does not exist', async () => {
      expect(await trim(newShard())).toEqual({ removed: 0, unknownGroups: [] });
    });
  });
}
