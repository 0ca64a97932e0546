import { fill, GROUP, idsOf, NEVER, newShard, newTopic, numbersOf, readAs, type BenchOf } from './bench';

const HOUR_MS = 3_600_000;

export function describeOperations(bench: BenchOf): void {
  describe('what operators see', () => {
    it('is the newest entries, newest first', async () => {
      const stream = newTopic();
      expect(await bench().a.newest(stream, 3)).toEqual([]);
      const ids = await fill(bench().a, stream, 5);
      expect(numbersOf(await bench().a.newest(stream, 3))).toEqual([4, 3, 2]);
      expect(numbersOf(await bench().a.newest(stream, 2, ids[3]))).toEqual([2, 1]);
      expect(await bench().a.newest(stream, 2, ids[0])).toEqual([]);
    });

    it('is who holds what, and the epoch of the last owner', async () => {
      const stream = newShard();
      expect(await bench().a.listPending({ stream, group: GROUP, count: 9 })).toEqual([]);
      expect(await bench().a.consumers(stream, GROUP)).toEqual([]);
      expect(await bench().a.ownEpoch(stream)).toBeUndefined();
      const ids = await fill(bench().a, stream, 3);
      expect(await bench().a.listPending({ stream, group: GROUP, count: 9 })).toEqual([]);
      await readAs(bench().a, stream, { epoch: 7n, count: 2 });
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 7n, ids: ids.slice(0, 1) });
      await bench().a.readGroup({
        ...{ stream, group: GROUP, consumer: 'two', count: 1, blockMs: 0, signal: NEVER },
      });
      const idleMs = expect.any(Number) as number;
      expect(await bench().a.listPending({ stream, group: GROUP, count: 9 })).toEqual([
        { id: ids[1], consumer: 'one', idleMs, deliveries: 1 },
        { id: ids[2], consumer: 'two', idleMs, deliveries: 1 },
      ]);
      const ofTwo = await bench().b.listPending({ stream, group: GROUP, consumer: 'two', count: 9 });
      expect(ofTwo.map(({ id }) => id)).toEqual([ids[2]]);
      expect(await bench().a.consumers(stream, GROUP)).toEqual([
        { name: 'one', pending: 1, idleMs },
        { name: 'two', pending: 1, idleMs },
      ]);
      expect(await bench().a.ownEpoch(stream)).toBe(7n);
    });
  });

  describe('letting go of what a dead consumer holds', () => {
    const release = { group: 'readers', from: 'dead', minIdleMs: 0, count: 10 };

    it('gives it to the next who claims, however patient, without counting a delivery', async () => {
      const stream = newTopic();
      const ids = await fill(bench().a, stream, 3);
      const read = { stream, group: 'readers', blockMs: 0, signal: NEVER };
      await bench().a.readGroup({ ...read, consumer: 'dead', count: 2 });
      await bench().a.readGroup({ ...read, consumer: 'alive', count: 1 });
      expect(await bench().a.releasePending({ ...release, stream, minIdleMs: HOUR_MS })).toEqual([]);
      expect(await bench().a.releasePending({ ...release, stream })).toEqual(ids.slice(0, 2));
      const held = await bench().a.listPending({ stream, group: 'readers', count: 9 });
      expect(held.map(({ deliveries }) => deliveries)).toEqual([1, 1, 1]);
      const claim = { stream, group: 'readers', consumer: 'alive', minIdleMs: HOUR_MS, count: 9 };
      expect(idsOf((await bench().b.claimIdle(claim)).entries)).toEqual(ids.slice(0, 2));
      expect(await bench().a.releasePending({ ...release, stream })).toEqual([]);
      expect((await bench().a.consumers(stream, 'readers')).map(({ name }) => name)).toEqual(['alive']);
    });

    it('does nothing where there is no such group', async () => {
      expect(await bench().a.releasePending({ ...release, stream: newTopic() })).toEqual([]);
    });
  });

  describe('letters that go back', () => {
    const deadLetterOf = (stream: string): string => stream.replace('test:', 'test:dlq:');
    const frame = Buffer.from([0, 255, 10, 13]);

    async function parked(stream: string): Promise<string> {
      return bench().a.append(deadLetterOf(stream), { n: '1', frame, error_code: 'X', replay_of: 'old' });
    }

    it('go once, with their own fields and the name of the letter', async () => {
      const stream = newShard();
      const id = await parked(stream);
      const request = { deadLetterStream: deadLetterOf(stream), id, target: stream, without: ['error_code'] };
      const first = await bench().a.replayLetter(request);
      const [entry] = await bench().a.range(stream, '-', '+', 9);
      expect(first).toEqual({ kind: 'replayed', entryId: entry?.id });
      expect([...(entry?.fields ?? [])].map(([name, value]) => [name, value.toString('latin1')])).toEqual([
        ['n', '1'],
        ['frame', frame.toString('latin1')],
        ['replay_of', id],
      ]);
      expect(await bench().a.range(deadLetterOf(stream), '-', '+', 9)).toEqual([]);
      expect(await bench().b.replayLetter(request)).toEqual({ kind: 'known', entryId: entry?.id });
      expect(await bench().a.range(stream, '-', '+', 9)).toHaveLength(1);
      expect(await bench().a.replayLetter({ ...request, id: '1-1' })).toEqual({ kind: 'gone' });
    });

    it('stay where the target does not take them', async () => {
      const stream = newShard();
      const id = await parked(stream);
      await bench().surgery.putText(stream, 'no stream');
      const request = { deadLetterStream: deadLetterOf(stream), id, target: stream, without: [] };
      await expect(bench().a.replayLetter(request)).rejects.toMatchObject({ code: 'STREAM_REFUSED' });
      expect(await bench().a.range(deadLetterOf(stream), '-', '+', 9)).toHaveLength(1);
      await bench().surgery.deleteKey(stream);
      expect(await bench().a.replayLetter(request)).toMatchObject({ kind: 'replayed' });
    });

    it('do not go once they are resolved', async () => {
      const stream = newShard();
      const id = await parked(stream);
      const deadLetterStream = deadLetterOf(stream);
      expect(await bench().a.resolveLetter(deadLetterStream, id)).toBe(true);
      expect(await bench().a.resolveLetter(deadLetterStream, id)).toBe(false);
      expect(await bench().a.replayLetter({ deadLetterStream, id, target: stream, without: [] })).toEqual({
        ...{ kind: 'known', entryId: '' },
      });
      expect(await bench().a.range(stream, '-', '+', 9)).toEqual([]);
    });
  });

  describe('removing a stream', () => {
    it('waits until every group has read and acknowledged it', async () => {
      const stream = newShard();
      expect(await bench().a.removeDrained(stream)).toBe(true);
      const ids = await fill(bench().a, stream, 2);
      expect(await bench().a.removeDrained(stream)).toBe(false);
      await readAs(bench().a, stream, { count: 1 });
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 1n, ids: ids.slice(0, 1) });
      expect(await bench().a.removeDrained(stream)).toBe(false);
      await readAs(bench().a, stream);
      expect(await bench().a.removeDrained(stream)).toBe(false);
      await bench().a.ackOwned({ stream, group: GROUP, epoch: 1n, ids });
      expect(await bench().a.removeDrained(stream)).toBe(true);
      expect(await bench().a.info(stream, [])).toBeUndefined();
      expect(await bench().a.ownEpoch(stream)).toBe(1n);
    });
  });

  describe('a fact of the deployment', () => {
    const FOREVER_MS = HOUR_MS;

    it('is what the first one says', async () => {
      const name = newTopic();
      expect(await bench().a.deploymentFact(name)).toEqual({ members: [] });
      expect(await bench().a.joinDeployment({ name, value: '16' })).toBe('16');
      expect(await bench().b.joinDeployment({ name, value: '32' })).toBe('16');
      expect(await bench().a.deploymentFact(name)).toEqual({ value: '16', members: [] });
    });

    it('does not change under its members', async () => {
      const name = newTopic();
      const member = { id: 'edge-1', ttlMs: FOREVER_MS };
      await bench().a.joinDeployment({ name, value: '16', member });
      expect(await bench().b.switchDeployment(name, '32')).toEqual(['edge-1']);
      expect(await bench().a.deploymentFact(name)).toEqual({ value: '16', members: ['edge-1'] });
      await bench().a.leaveDeployment(name, 'edge-1');
      await bench().a.leaveDeployment(name, 'edge-1');
      expect(await bench().b.switchDeployment(name, '32')).toEqual([]);
      expect(await bench().a.joinDeployment({ name, value: '16', member })).toBe('32');
    });

    it('forgets a member whose time has run out', async () => {
      const name = newTopic();
      await bench().a.joinDeployment({ name, value: '16', member: { id: 'edge-1', ttlMs: 0 } });
      expect(await bench().a.switchDeployment(name, '32')).toEqual([]);
      expect(await bench().a.deploymentFact(name)).toEqual({ value: '32', members: [] });
    });
  });
}
