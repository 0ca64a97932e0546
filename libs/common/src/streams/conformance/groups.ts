import { setImmediate as nextTurn } from 'node:timers/promises';
import { type GroupReadRequest } from '../port';
import { fill, idsOf, NEVER, newTopic, numbersOf, type BenchOf } from './bench';

export function describeGroups(bench: BenchOf): void {
  describe('groups', () => {
    const ask = (stream: string, request: Partial<GroupReadRequest> = {}): GroupReadRequest => ({
      stream,
      group: 'readers',
      consumer: 'one',
      count: 10,
      blockMs: 0,
      signal: NEVER,
      ...request,
    });
    const claim = { group: 'readers', consumer: 'two', minIdleMs: 0, count: 10 };

    it('begins at the beginning, and making a group again changes nothing', async () => {
      const stream = newTopic();
      await fill(bench().a, stream, 3);
      await bench().a.ensureGroup(stream, 'readers');
      expect(numbersOf(await bench().a.readGroup(ask(stream, { count: 2 })))).toEqual([0, 1]);
      await bench().b.ensureGroup(stream, 'readers');
      expect(numbersOf(await bench().b.readGroup(ask(stream, { consumer: 'two' })))).toEqual([2]);
      expect(await bench().a.readGroup(ask(stream))).toEqual([]);
    });

    it('heals where there is no stream and no group', async () => {
      const stream = newTopic();
      expect(await bench().a.readGroup(ask(stream))).toEqual([]);
      await fill(bench().a, stream, 1);
      await bench().surgery.deleteKey(stream);
      await fill(bench().a, stream, 2, 5);
      expect(numbersOf(await bench().a.readGroup(ask(stream)))).toEqual([5, 6]);
      await bench().surgery.deleteKey(stream);
      expect(await bench().a.claimIdle({ ...claim, stream })).toEqual({ entries: [], lostIds: [] });
    });

    it('waits for an entry, and ends on abort', async () => {
      const stream = newTopic();
      const waiting = bench().a.readGroup(ask(stream, { blockMs: 60_000 }));
      await fill(bench().b, stream, 1);
      expect(numbersOf(await waiting)).toEqual([0]);

      const abort = new AbortController();
      const aborted = bench().a.readGroup(ask(stream, { blockMs: 60_000, signal: abort.signal }));
      await nextTurn();
      abort.abort();
      expect(await aborted).toEqual([]);
      expect(await bench().a.readGroup(ask(stream, { blockMs: 10 }))).toEqual([]);
    });

    it('claims what others left, the whole list in id order, and names what is gone', async () => {
      const stream = newTopic();
      const ids = await fill(bench().a, stream, 50);
      await bench().a.readGroup(ask(stream, { count: 20, consumer: 'zoe' }));
      await bench().a.readGroup(ask(stream, { count: 30, consumer: 'abe' }));
      await bench().a.ackGroup(stream, 'readers', [ids[0] ?? '']);
      await bench().surgery.deleteEntry(stream, ids[1] ?? '');
      const first = await bench().b.claimIdle({ ...claim, stream, count: 30 });
      expect(first.lostIds).toEqual([ids[1]]);
      expect(idsOf(first.entries).slice(0, 28)).toEqual(ids.slice(2, 30));
      await bench().b.ackGroup(stream, 'readers', idsOf(first.entries));
      const second = await bench().b.claimIdle({ ...claim, stream, count: 100 });
      expect(idsOf([...first.entries, ...second.entries])).toEqual(ids.slice(2));
    });

    it('looks as far as it must behind entries that are gone', async () => {
      const stream = newTopic();
      const ids = await fill(bench().a, stream, 45);
      await bench().a.readGroup(ask(stream, { count: 45 }));
      for (const id of ids.slice(0, 30)) await bench().surgery.deleteEntry(stream, id);
      const { entries, lostIds } = await bench().b.claimIdle({ ...claim, stream, count: 2 });
      expect(lostIds).toEqual(ids.slice(0, 30));
      expect(idsOf(entries)).toEqual(ids.slice(30, 32));
    });

    it('leaves alone what was touched lately', async () => {
      const stream = newTopic();
      await fill(bench().a, stream, 2);
      await bench().a.readGroup(ask(stream));
      expect(await bench().b.claimIdle({ ...claim, stream, minIdleMs: 3_600_000 })).toEqual({
        entries: [],
        lostIds: [],
      });
    });

    it('acknowledges for good', async () => {
      const stream = newTopic();
      await fill(bench().a, stream, 2);
      const read = await bench().a.readGroup(ask(stream));
      await bench().a.ackGroup(stream, 'readers', idsOf(read));
      await bench().a.ackGroup(stream, 'readers', idsOf(read));
      await bench().a.ackGroup(stream, 'readers', []);
      expect((await bench().b.claimIdle({ ...claim, stream })).entries).toEqual([]);
    });

    it('tells lengths, ages and lag', async () => {
      const stream = newTopic();
      expect(await bench().a.info(stream, [])).toBeUndefined();
      const ids = await fill(bench().a, stream, 5);
      await bench().a.readGroup(ask(stream, { count: 2 }));
      const info = await bench().a.info(stream, ['readers']);
      expect(info).toMatchObject({ length: 5, firstId: ids[0], lastId: ids[4], unreadTrimmed: false });
      expect(info?.groups).toEqual([
        {
          name: 'readers',
          lag: 3,
          pending: 2,
          oldestPendingMs: expect.any(Number) as number,
          oldestUnreadMs: expect.any(Number) as number,
          lastDeliveredId: ids[1],
          known: true,
        },
      ]);
      await bench().a.ackGroup(stream, 'readers', idsOf(await bench().a.readGroup(ask(stream))));
      await bench().a.ackGroup(stream, 'readers', ids);
      expect((await bench().a.info(stream, []))?.groups[0]).toMatchObject({
        ...{ lag: 0, pending: 0, oldestPendingMs: null, oldestUnreadMs: null, known: false },
      });
    });
  });
}
