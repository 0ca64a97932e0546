import { bytes, compareEntryIds, rawFields, text, textFields } from '../entries';
import { type AppendWaiter } from '../port';
import { fill, idsOf, newShard, newTopic, numbered, numbersOf, readAs, type BenchOf } from './bench';

export function describeAppending(bench: BenchOf): void {
  describe('appending', () => {
    it('keeps the order of the calls and gives rising ids', async () => {
      const stream = newShard();
      const ids = await fill(bench().a, stream, 1200);
      expect(ids).toEqual([...ids].sort(compareEntryIds));
      expect(new Set(ids).size).toBe(1200);
      const read = await bench().b.range(stream, '-', '+', 2000);
      expect(numbersOf(read)).toEqual(Array.from({ length: 1200 }, (_, i) => i));
      expect(idsOf(read)).toEqual(ids);
    });

    it('keeps every byte value, the empty value, and text beyond ASCII', async () => {
      const stream = newShard();
      const frame = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      await bench().a.append(stream, { frame, empty: '', peer: 'Ünïcode → 車', crlf: '\r\n$-1\r\n' });
      const { entries } = await readAs(bench().b, stream);
      const [entry] = entries;
      if (!entry) throw new Error('there is no entry');
      expect(bytes(entry, 'frame')).toEqual(frame);
      expect(text(entry, 'peer')).toBe('Ünïcode → 車');
      expect(textFields(entry)).toMatchObject({ empty: '', crlf: '\r\n$-1\r\n' });
      expect(text(entry, 'absent')).toBeUndefined();

      const copy = newShard();
      await bench().a.append(copy, rawFields(entry));
      const [copied] = await bench().a.range(copy, '-', '+', 1);
      expect(copied?.fields).toEqual(entry.fields);
    });

    it('refuses an entry without fields and takes the others of the same turn', async () => {
      const stream = newShard();
      const results = await Promise.allSettled([
        bench().a.append(stream, numbered(1)),
        bench().a.append(stream, {}),
        bench().a.append(stream, numbered(2)),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(results[1]).toMatchObject({ reason: { code: 'STREAM_REFUSED' } });
      expect(numbersOf(await bench().a.range(stream, '-', '+', 9))).toEqual([1, 2]);
    });

    it('says so when the name holds something else, and only to that call', async () => {
      const [wrong, right] = [newShard(), newShard()];
      await bench().surgery.putText(wrong, 'no stream');
      const results = await Promise.allSettled([
        bench().a.append(wrong, numbered(1)),
        bench().a.append(right, numbered(1)),
      ]);
      expect(results[0]).toMatchObject({
        reason: { code: 'STREAM_REFUSED', message: expect.stringContaining('WRONGTYPE') as string },
      });
      expect(results[1].status).toBe('fulfilled');
    });

    it('appends to a series as it appends alone, and is done with the bytes at once', async () => {
      const stream = newShard();
      const series = bench().a.series(stream, { v: '1', peer: 'ü' }, ['n', 'frame']);
      const frame = Buffer.from([0x00, 0x0d, 0x0a, 0xff]);
      const outcomes = ['1', '2'].map((n) => {
        const outcome = outcomeOf((waiter) => series.append([n, frame], waiter));
        frame.fill(0x20);
        return outcome;
      });
      const alone = bench().a.append(stream, { v: '1', peer: 'ü', n: '3', frame: Buffer.from('alone') });
      expect(await Promise.all(outcomes)).toEqual(['appended', 'appended']);
      await alone;
      const [first, second, third] = await bench().b.range(stream, '-', '+', 9);
      expect(first?.fields).toEqual(
        new Map([
          ['v', Buffer.from('1')],
          ['peer', Buffer.from('ü')],
          ['n', Buffer.from('1')],
          ['frame', Buffer.from([0x00, 0x0d, 0x0a, 0xff])],
        ]),
      );
      expect(second?.fields.get('frame')?.toString()).toBe('    ');
      expect(third?.fields.get('n')?.toString()).toBe('3');
    });

    it('tells a series what was refused, gives its last value back, and only that', async () => {
      const [wrong, right] = [newShard(), newShard()];
      await bench().surgery.putText(wrong, 'no stream');
      const outcomes = [wrong, right].map((stream) =>
        outcomeOf((waiter) => {
          const frame = Buffer.from('frame');
          bench().a.series(stream, { v: '1' }, ['n', 'frame']).append(['1', frame], waiter);
          frame.fill(0);
        }),
      );
      expect(await outcomes[0]).toMatchObject([{ code: 'STREAM_REFUSED' }, Buffer.from('frame')]);
      expect(await outcomes[1]).toBe('appended');
    });

    it('broadcasts to a stream that keeps about the newest', async () => {
      const stream = newTopic();
      const entries = Array.from({ length: 2500 }, (_, i) => numbered(i));
      await bench().a.broadcast(stream, entries.slice(0, 1000), 100);
      await bench().a.broadcast(stream, entries.slice(1000), 100);
      const kept = numbersOf(await bench().b.range(stream, '-', '+', 5000));
      expect(kept.at(-1)).toBe(2499);
      expect(kept.length).toBeGreaterThanOrEqual(100);
      expect(kept.length).toBeLessThan(400);
    });

    it('pages through a range', async () => {
      const stream = newTopic();
      const ids = await fill(bench().a, stream, 5);
      const first = await bench().a.range(stream, '-', '+', 2);
      const next = await bench().a.range(stream, `(${first[1]?.id}`, '+', 2);
      expect(numbersOf([...first, ...next])).toEqual([0, 1, 2, 3]);
      expect(idsOf(await bench().a.range(stream, ids[1] ?? '', ids[3] ?? '', 9))).toEqual(ids.slice(1, 4));
      expect(await bench().a.range(newTopic(), '-', '+', 9)).toEqual([]);
    });
  });
}

function outcomeOf(append: (waiter: AppendWaiter) => void): Promise<unknown> {
  return new Promise((resolve) =>
    append({ appended: () => resolve('appended'), refused: (...what) => resolve(what) }),
  );
}
