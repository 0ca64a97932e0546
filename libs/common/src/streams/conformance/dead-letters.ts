import { fill, GROUP, newShard, numbersOf, readAs, type BenchOf } from './bench';

export function describeDeadLetters(bench: BenchOf): void {
  describe('dead letters', () => {
    const deadLetterOf = (stream: string): string => stream.replace('test:', 'test:dlq:');
    const request = (stream: string, epoch: bigint) => ({
      stream,
      deadLetterStream: deadLetterOf(stream),
      group: GROUP,
      epoch,
    });

    it('parks an entry once, however often it is called, and acknowledges it', async () => {
      const stream = newShard();
      const [id = '', other = ''] = await fill(bench().a, stream, 2);
      await readAs(bench().a, stream);
      const frame = Buffer.from([0, 255, 10, 13]);
      const letters = [{ id, fields: { n: '0', frame } }];
      expect(await bench().a.deadLetter({ ...request(stream, 1n), letters })).toBe('parked');
      expect(await bench().b.deadLetter({ ...request(stream, 1n), letters })).toBe('parked');
      const parked = await bench().a.range(deadLetterOf(stream), '-', '+', 9);
      expect(numbersOf(parked)).toEqual([0]);
      expect(parked[0]?.fields.get('frame')).toEqual(frame);
      expect([...(await readAs(bench().a, stream)).deliveries.keys()]).toEqual([other]);
    });

    it('parks records of an entry apart and leaves the entry pending', async () => {
      const stream = newShard();
      const [id = ''] = await fill(bench().a, stream, 1);
      await readAs(bench().a, stream);
      const letters = ['3', '7'].map((record) => ({ id, record, fields: { n: record } }));
      await bench().a.deadLetter({ ...request(stream, 1n), letters });
      await bench().a.deadLetter({ ...request(stream, 1n), letters });
      expect(numbersOf(await bench().a.range(deadLetterOf(stream), '-', '+', 9))).toEqual([3, 7]);
      expect((await readAs(bench().a, stream)).redelivered).toBe(true);
    });

    it('settles an entry in one step with the letters of its records, and knows which are kept', async () => {
      const stream = newShard();
      const [id = '', other = ''] = await fill(bench().a, stream, 2);
      await readAs(bench().a, stream);
      const letters = ['3', '7'].map((record) => ({ id, record, fields: { n: record } }));
      const call = { ...request(stream, 1n), letters, settled: [id], note: 'so far' };
      expect(await bench().a.deadLetter(call)).toBe('parked');
      expect([...(await readAs(bench().a, stream)).deliveries.keys()]).toEqual([other]);
      expect(await bench().b.ownedState(stream)).toMatchObject({ note: 'so far' });
      const asked = [{ id, record: '3' }, { id, record: '4' }, { id }, { id: other, record: '7' }];
      expect(await bench().b.findParked(deadLetterOf(stream), asked)).toEqual([true, false, false, false]);
      expect(await bench().b.findParked(newShard(), asked)).toEqual([false, false, false, false]);
    });

    it('does nothing for a stale owner', async () => {
      const stream = newShard();
      const [id = ''] = await fill(bench().a, stream, 1);
      await readAs(bench().a, stream, { epoch: 1n });
      await readAs(bench().b, stream, { epoch: 2n });
      const letters = [{ id, fields: { n: '0' } }];
      expect(await bench().a.deadLetter({ ...request(stream, 1n), letters })).toBe('stale');
      expect(await bench().a.range(deadLetterOf(stream), '-', '+', 9)).toEqual([]);
      expect((await readAs(bench().b, stream, { epoch: 2n })).entries).toHaveLength(1);
    });

    it('acknowledges nothing that it could not park', async () => {
      const stream = newShard();
      const [id = ''] = await fill(bench().a, stream, 1);
      await readAs(bench().a, stream);
      await bench().surgery.putText(deadLetterOf(stream), 'no stream');
      const letters = [{ id, fields: { n: '0' } }];
      await expect(bench().a.deadLetter({ ...request(stream, 1n), letters })).rejects.toMatchObject({
        code: 'STREAM_REFUSED',
      });
      expect((await readAs(bench().a, stream)).redelivered).toBe(true);
      await bench().surgery.deleteKey(deadLetterOf(stream));
      await bench().a.deadLetter({ ...request(stream, 1n), letters });
      expect(await bench().a.range(deadLetterOf(stream), '-', '+', 9)).toHaveLength(1);
    });
  });
}
