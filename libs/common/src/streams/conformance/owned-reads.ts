import { fill, GROUP, idsOf, NEVER, newShard, numbersOf, readAs, type BenchOf } from './bench';

export function describeOwnedReads(bench: BenchOf): void {
  describe('owned reads', () => {
    it('reads a stream that does not exist yet, and from its beginning once it does', async () => {
      const stream = newShard();
      expect(await readAs(bench().a, stream)).toMatchObject({ entries: [], redelivered: false, lostIds: [] });
      await fill(bench().b, stream, 3);
      expect(numbersOf((await readAs(bench().a, stream)).entries)).toEqual([0, 1, 2]);
    });

    it('gives what was there before the group', async () => {
      const stream = newShard();
      await fill(bench().a, stream, 2);
      expect(numbersOf((await readAs(bench().a, stream)).entries)).toEqual([0, 1]);
    });

    it('refuses an older epoch and changes nothing for it', async () => {
      const stream = newShard();
      await fill(bench().a, stream, 2);
      await readAs(bench().a, stream, { epoch: 1n, count: 1 });
      await readAs(bench().b, stream, { epoch: 2n, consumer: 'two', count: 1 });
      const stale = { stream, group: GROUP, consumer: 'one', epoch: 1n, count: 10 };
      expect(await bench().a.readOwned(stale)).toEqual({ kind: 'stale', ownEpoch: 2n });
      const { deliveries } = await readAs(bench().b, stream, { epoch: 2n, consumer: 'two' });
      expect([...deliveries.values()]).toEqual([3]);
    });

    it('compares epochs as numbers of any size', async () => {
      const stream = newShard();
      await readAs(bench().a, stream, { epoch: 9n });
      await readAs(bench().a, stream, { epoch: 10n });
      await readAs(bench().a, stream, { epoch: 9_007_199_254_740_993n });
      const stale = { stream, group: GROUP, consumer: 'one', epoch: 9_007_199_254_740_992n, count: 1 };
      expect(await bench().a.readOwned(stale)).toEqual({
        kind: 'stale',
        ownEpoch: 9_007_199_254_740_993n,
      });
    });

    it('gives a lost read again, before anything new, in order, with its deliveries', async () => {
      const stream = newShard();
      const ids = await fill(bench().a, stream, 4);
      await readAs(bench().a, stream, { count: 3 });
      await fill(bench().a, stream, 2, 4);

      const again = await readAs(bench().a, stream, { count: 2 });
      expect(again.redelivered).toBe(true);
      expect(idsOf(again.entries)).toEqual(ids.slice(0, 2));
      expect([...again.deliveries]).toEqual([
        [ids[0], 2],
        [ids[1], 2],
      ]);
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 1n, ids: ids.slice(0, 2) });
      const rest = await readAs(bench().a, stream);
      expect(rest).toMatchObject({ redelivered: true });
      expect(numbersOf(rest.entries)).toEqual([2]);
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 1n, ids: idsOf(rest.entries) });
      const fresh = await readAs(bench().a, stream);
      expect(fresh).toMatchObject({ redelivered: false });
      expect(fresh.deliveries.size).toBe(0);
      expect(numbersOf(fresh.entries)).toEqual([3, 4, 5]);
    });

    it('takes over what several owners left half-way, in id order', async () => {
      const stream = newShard();
      await fill(bench().a, stream, 9);
      // The first dies after reading; the second dies half-way through taking over.
      await readAs(bench().a, stream, { consumer: 'one', epoch: 1n, count: 6 });
      await readAs(bench().b, stream, { consumer: 'two', epoch: 2n, count: 3 });
      const third = await readAs(bench().a, stream, { consumer: 'three', epoch: 3n });
      expect(numbersOf(third.entries)).toEqual([0, 1, 2, 3, 4, 5]);
      expect([...third.deliveries.values()]).toEqual([3, 3, 3, 2, 2, 2]);
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 3n, ids: idsOf(third.entries) });
      expect(numbersOf((await readAs(bench().a, stream, { epoch: 3n })).entries)).toEqual([6, 7, 8]);
    });

    it('takes over what was read without an owner too', async () => {
      const stream = newShard();
      await fill(bench().a, stream, 3);
      const people = { stream, group: GROUP, count: 1, blockMs: 0, signal: NEVER };
      await bench().a.readGroup({ ...people, consumer: 'zoe' });
      await bench().b.readGroup({ ...people, consumer: 'abe' });
      expect(numbersOf((await readAs(bench().a, stream)).entries)).toEqual([0, 1]);
    });

    it('names pending entries that are gone, and goes on behind them', async () => {
      const stream = newShard();
      const ids = await fill(bench().a, stream, 40);
      await readAs(bench().a, stream, { count: 30 });
      for (const id of ids.slice(0, 29)) await bench().surgery.deleteEntry(stream, id);
      const named: string[] = [];
      const read = await readAs(bench().a, stream, { count: 2 });
      named.push(...read.lostIds);
      expect(numbersOf(read.entries)).toEqual([29]);
      expect(named).toEqual(ids.slice(0, 29));

      await bench().surgery.deleteEntry(stream, ids[29] ?? '');
      const next = await readAs(bench().a, stream, { count: 2 });
      expect(next).toMatchObject({ redelivered: false, lostIds: [ids[29]] });
      expect(numbersOf(next.entries)).toEqual([30, 31]);
    });

    it('keeps a note with an ack, and knows the last id of a stream that is empty again', async () => {
      const stream = newShard();
      expect(await bench().a.ownedState(stream)).toEqual({ note: undefined, lastId: '0-0' });
      const ids = await fill(bench().a, stream, 2);
      await readAs(bench().a, stream, { epoch: 2n });
      const ack = { stream, group: GROUP, ids };
      expect(await bench().a.ackOwned({ ...ack, epoch: 1n, note: 'stale' })).toBe('stale');
      await bench().a.ackOwned({ ...ack, epoch: 2n, note: 'two' });
      await bench().a.ackOwned({ ...ack, epoch: 2n });
      for (const id of ids) await bench().surgery.deleteEntry(stream, id);
      expect(await bench().b.ownedState(stream)).toEqual({ note: 'two', lastId: ids[1] });
    });

    it('hands out again as new all that the stream holds, and still knows the lag', async () => {
      const stream = newShard();
      const ids = await fill(bench().a, stream, 6);
      await readAs(bench().a, stream, { count: 5 });
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 1n, ids: ids.slice(0, 4), note: 'gone' });
      await bench().surgery.deleteEntry(stream, ids[0] ?? '');
      const rewind = { stream, group: GROUP };
      await readAs(bench().b, stream, { epoch: 2n, count: 1 });
      expect(await bench().a.rewindOwned({ ...rewind, epoch: 1n })).toBe('stale');
      expect(await bench().b.rewindOwned({ ...rewind, epoch: 2n })).toBe('rewound');
      expect((await bench().b.ownedState(stream)).note).toBeUndefined();
      // What was pending comes first, and once.
      const pending = await readAs(bench().b, stream, { epoch: 2n });
      expect(numbersOf(pending.entries)).toEqual([4]);
      await bench().b.ackOwned({ ...rewind, epoch: 2n, ids: idsOf(pending.entries) });
      expect((await bench().b.info(stream, [GROUP]))?.unreadTrimmed).toBe(false);
      const again = await readAs(bench().b, stream, { epoch: 2n });
      expect(again.redelivered).toBe(false);
      expect(numbersOf(again.entries)).toEqual([1, 2, 3, 4, 5]);
      expect((await bench().b.info(stream, [GROUP]))?.groups[0]).toMatchObject({ lag: 0 });
    });

    it('rewinds a stream or a group that is not there to its beginning', async () => {
      const stream = newShard();
      expect(await bench().a.rewindOwned({ stream, group: GROUP, epoch: 1n })).toBe('rewound');
      await fill(bench().a, stream, 1);
      expect(await bench().a.rewindOwned({ stream, group: GROUP, epoch: 1n })).toBe('rewound');
      expect(numbersOf((await readAs(bench().a, stream)).entries)).toEqual([0]);
    });

    it('begins again when the stream was deleted', async () => {
      const stream = newShard();
      await fill(bench().a, stream, 2);
      await readAs(bench().a, stream);
      await bench().surgery.deleteKey(stream);
      expect((await readAs(bench().a, stream)).entries).toEqual([]);
      await fill(bench().a, stream, 1, 7);
      expect(numbersOf((await readAs(bench().a, stream)).entries)).toEqual([7]);
    });

    it('acknowledges once, twice and many, but not for a stale owner', async () => {
      const stream = newShard();
      const ids = await fill(bench().a, stream, 2500);
      await readAs(bench().a, stream, { count: 2500 });
      const ack = { stream, group: GROUP, ids };
      expect(await bench().a.ackOwned({ ...ack, epoch: 1n, ids: [] })).toBe('acked');
      await readAs(bench().b, stream, { epoch: 2n, count: 1 });
      expect(await bench().a.ackOwned({ ...ack, epoch: 1n })).toBe('stale');
      expect((await bench().a.info(stream, []))?.groups[0]).toMatchObject({ pending: 2500 });
      expect(await bench().b.ackOwned({ ...ack, epoch: 2n })).toBe('acked');
      expect(await bench().b.ackOwned({ ...ack, epoch: 2n })).toBe('acked');
      expect((await bench().a.info(stream, []))?.groups[0]).toMatchObject({ pending: 0 });
    });
  });
}
