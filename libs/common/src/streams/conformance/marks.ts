import { companionKey, encodeMark } from '../../contracts';
import { FIRST_MARK } from '../arguments';
import { type PublishedMark, type PublishedMessages, type PublishMarkedRequest } from '../port';
import { newTopic, numbered, numbersOf, type BenchOf } from './bench';

const markOf = (n: number): string =>
  encodeMark({ generation: 1n, xid: 18_446_744_073_709_551_000n, id: BigInt(n) });
const NOTHING: PublishedMark = { epoch: 0n, count: 0, mark: FIRST_MARK };

export function describeMarks(bench: BenchOf): void {
  describe('marked publishing', () => {
    const PART = 3;
    const messages = (...numbers: number[]) => numbers.map((n) => ({ mark: markOf(n), fields: numbered(n) }));
    const published = async (stream: string) => numbersOf(await bench().a.range(stream, '-', '+', 999));

    const claim = (stream: string, epoch: bigint) => bench().a.claimMark({ stream, part: PART, epoch });
    const publish = (
      stream: string,
      request: Pick<PublishMarkedRequest, 'epoch' | 'messages'> & Partial<PublishMarkedRequest>,
    ): Promise<PublishedMessages> =>
      bench().a.publishMarked({ stream, part: PART, acknowledged: NOTHING, ...request });

    it('claims, keeps count and mark over a take-over, and answers a repeated claim alike', async () => {
      const stream = newTopic();
      const first = { kind: 'claimed', previousEpoch: 0n, count: 0, mark: FIRST_MARK };
      expect(await claim(stream, 5n)).toEqual(first);
      expect(await claim(stream, 5n)).toEqual(first);
      await publish(stream, { epoch: 5n, messages: messages(1, 2) });
      const second = { kind: 'claimed', previousEpoch: 5n, count: 2, mark: markOf(2) };
      expect(await claim(stream, 9_007_199_254_740_993n)).toEqual(second);
      expect(await claim(stream, 9_007_199_254_740_993n)).toEqual(second);
      expect(await claim(stream, 9_007_199_254_740_992n)).toEqual({
        kind: 'fenced',
        epoch: 9_007_199_254_740_993n,
      });
    });

    it('adds in order, and nothing twice when the same call is repeated', async () => {
      const stream = newTopic();
      await claim(stream, 1n);
      const call = { epoch: 1n, messages: messages(1, 2, 3) };
      expect(await publish(stream, call)).toEqual({
        ...{ kind: 'published', added: 3, skipped: 0, count: 3, mark: markOf(3) },
      });
      expect(await publish(stream, call)).toEqual({
        ...{ kind: 'published', added: 0, skipped: 3, count: 3, mark: markOf(3) },
      });
      expect(await publish(stream, { ...call, messages: messages(2, 3, 4, 10) })).toMatchObject({
        ...{ added: 2, skipped: 2, count: 5 },
      });
      expect(await publish(stream, { ...call, messages: [] })).toMatchObject({ added: 0, mark: markOf(10) });
      expect(await published(stream)).toEqual([1, 2, 3, 4, 10]);
    });

    it('keeps parts and streams apart', async () => {
      const [one, two] = [newTopic(), newTopic()];
      await claim(one, 1n);
      await claim(two, 1n);
      await bench().a.claimMark({ stream: one, part: 4, epoch: 1n });
      await publish(one, { epoch: 1n, messages: messages(8) });
      expect(await publish(one, { epoch: 1n, part: 4, messages: messages(5) })).toMatchObject({ added: 1 });
      expect(await publish(two, { epoch: 1n, messages: messages(5) })).toMatchObject({ added: 1, count: 1 });
    });

    it('fences the old owner from the moment of the claim', async () => {
      const stream = newTopic();
      await claim(stream, 1n);
      await publish(stream, { epoch: 1n, messages: messages(1) });
      await bench().b.claimMark({ stream, part: PART, epoch: 2n });
      expect(await publish(stream, { epoch: 1n, messages: messages(2) })).toEqual({
        kind: 'fenced',
        epoch: 2n,
      });
      expect(await published(stream)).toEqual([1]);
    });

    it('publishes nothing for who never claimed', async () => {
      const stream = newTopic();
      expect(await publish(stream, { epoch: 1n, messages: messages(1) })).toMatchObject({
        ...{ kind: 'behind', epoch: 0n, count: 0, mark: FIRST_MARK },
      });
      await claim(stream, 1n);
      expect(await publish(stream, { epoch: 2n, messages: messages(1) })).toMatchObject({ kind: 'behind' });
      expect(await published(stream)).toEqual([]);
    });

    describe('on a store that lost its tail', () => {
      const key = (stream: string) => companionKey(stream, `mark:${PART}`);

      async function restored(stream: string): Promise<PublishedMark> {
        await claim(stream, 1n);
        await publish(stream, { epoch: 1n, messages: messages(1, 2) });
        const backup = await bench().surgery.readHash(key(stream));
        await publish(stream, { epoch: 1n, messages: messages(3, 4) });
        await bench().surgery.replaceHash(key(stream), backup);
        return { epoch: 1n, count: 4, mark: markOf(4) };
      }

      it('does nothing and says where it stands', async () => {
        const stream = newTopic();
        const acknowledged = await restored(stream);
        expect(await publish(stream, { epoch: 1n, acknowledged, messages: messages(5) })).toEqual({
          ...{ kind: 'behind', epoch: 1n, count: 2, mark: markOf(2) },
        });
        // Rewound, it goes on.
        const rewound = { epoch: 1n, count: 2, mark: markOf(2) };
        expect(
          await publish(stream, { epoch: 1n, acknowledged: rewound, messages: messages(3, 4, 5) }),
        ).toMatchObject({ kind: 'published', added: 3, count: 5 });
      });

      it('also after a new owner claimed the older mark', async () => {
        const stream = newTopic();
        const acknowledged = await restored(stream);
        expect(await claim(stream, 2n)).toMatchObject({ previousEpoch: 1n, count: 2 });
        expect(await publish(stream, { epoch: 2n, acknowledged, messages: messages(5) })).toMatchObject({
          ...{ kind: 'behind', epoch: 2n, count: 2 },
        });
      });

      it('also when only entries of the lane without a mark are lost', async () => {
        const stream = newTopic();
        await claim(stream, 1n);
        await publish(stream, { epoch: 1n, messages: messages(1) });
        const acknowledged = { epoch: 1n, count: 2, mark: markOf(1) };
        expect(await publish(stream, { epoch: 1n, acknowledged, messages: messages(2) })).toMatchObject({
          kind: 'behind',
        });
      });

      it('also when other entries were added since, so that the count alone looks right', async () => {
        const stream = newTopic();
        const acknowledged = await restored(stream);
        const behind = await bench().surgery.readHash(key(stream));
        await bench().surgery.replaceHash(key(stream), { ...behind, count: '9' });
        expect(await publish(stream, { epoch: 1n, acknowledged, messages: messages(5) })).toEqual({
          ...{ kind: 'behind', epoch: 1n, count: 9, mark: markOf(2) },
        });
      });

      it('also when the mark is gone altogether', async () => {
        const stream = newTopic();
        await claim(stream, 1n);
        await publish(stream, { epoch: 1n, messages: messages(1) });
        const acknowledged = { epoch: 1n, count: 1, mark: markOf(1) };
        await bench().surgery.deleteKey(key(stream));
        const call = { epoch: 1n, acknowledged, messages: messages(2) };
        expect(await publish(stream, call)).toMatchObject({ kind: 'behind', epoch: 0n, mark: FIRST_MARK });
        await claim(stream, 1n);
        expect(await publish(stream, call)).toMatchObject({ kind: 'behind', epoch: 1n, count: 0 });
      });
    });

    it('stops at the first message that is refused, with all before it in and marked', async () => {
      const stream = newTopic();
      await claim(stream, 1n);
      const [one, two, three] = messages(1, 2, 3);
      if (!one || !two || !three) throw new Error('three messages were made');
      const call = { epoch: 1n, messages: [one, { ...two, fields: {} }, three] };
      const refused = { kind: 'refused', index: 1, count: 1, mark: markOf(1) };
      expect(await publish(stream, call)).toMatchObject({ ...refused, added: 1, skipped: 0 });
      expect(await publish(stream, call)).toMatchObject({ ...refused, added: 0, skipped: 1 });
      expect(await published(stream)).toEqual([1]);
      expect(await publish(stream, { epoch: 1n, messages: [three] })).toMatchObject({ added: 1, count: 2 });
    });

    it('names a target of another type as refused', async () => {
      const stream = newTopic();
      await bench().surgery.putText(stream, 'no stream');
      await claim(stream, 1n);
      expect(await publish(stream, { epoch: 1n, messages: messages(1) })).toMatchObject({
        ...{ kind: 'refused', index: 0, added: 0, count: 0, mark: FIRST_MARK },
        message: expect.stringContaining('WRONGTYPE') as string,
      });
    });

    it('refuses marks out of order or of another width before it sends anything', async () => {
      const stream = newTopic();
      await claim(stream, 1n);
      for (const wrong of [messages(2, 1), messages(1, 1), [{ mark: '12', fields: numbered(1) }]]) {
        await expect(publish(stream, { epoch: 1n, messages: wrong })).rejects.toThrow(RangeError);
      }
      expect(await published(stream)).toEqual([]);
    });
  });
}
