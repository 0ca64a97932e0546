import { companionKey, encodeMark } from '../../contracts';
import { FIRST_MARK } from '../arguments';
import { type PublishedMark, type PublishRetriedRequest, type RetriedMessages } from '../port';
import { newTopic, numbered, numbersOf, type BenchOf } from './bench';

const PART = 3;
const NOTHING: PublishedMark = { epoch: 0n, count: 0, mark: FIRST_MARK };
const markOf = (n: number): string => encodeMark({ generation: 1n, xid: 7n, id: BigInt(n) });
const messages = (...numbers: number[]) =>
  numbers.map((n) => ({ dedupeId: `event ${n}`, fields: numbered(n) }));

export function describePublishingRetried(bench: BenchOf): void {
  describe('retried publishing', () => {
    const published = async (stream: string) => numbersOf(await bench().a.range(stream, '-', '+', 999));
    const claim = (stream: string, epoch: bigint) => bench().a.claimMark({ stream, part: PART, epoch });
    const retry = (
      stream: string,
      request: Partial<PublishRetriedRequest> & Pick<PublishRetriedRequest, 'messages'>,
    ): Promise<RetriedMessages> =>
      bench().a.publishRetried({
        ...{ stream, part: PART, epoch: 1n, acknowledged: NOTHING, windowMs: 60_000 },
        ...request,
      });
    const publishMarked = (stream: string, acknowledged: PublishedMark, ...numbers: number[]) =>
      bench().a.publishMarked({
        ...{ stream, part: PART, epoch: 1n, acknowledged },
        messages: numbers.map((n) => ({ mark: markOf(n), fields: numbered(n) })),
      });

    it('adds in the order of the list, each dedupe id once, also in another call and after a take-over', async () => {
      const stream = newTopic();
      await claim(stream, 1n);
      const none = { kind: 'published', mark: FIRST_MARK };
      expect(await retry(stream, { messages: messages(3, 1) })).toEqual({
        ...{ ...none, added: 2, known: 0, count: 2 },
      });
      expect(await retry(stream, { messages: messages(3, 1) })).toEqual({
        ...{ ...none, added: 0, known: 2, count: 2 },
      });
      await bench().b.claimMark({ stream, part: PART, epoch: 2n });
      expect(await retry(stream, { epoch: 2n, messages: messages(1, 2, 2) })).toEqual({
        ...{ ...none, added: 1, known: 2, count: 3 },
      });
      expect(await retry(stream, { epoch: 2n, messages: [] })).toMatchObject({ added: 0, count: 3 });
      expect(await published(stream)).toEqual([3, 1, 2]);
    });

    it('dedupes by stream', async () => {
      const [one, two] = [newTopic(), newTopic()];
      for (const stream of [one, two]) {
        await claim(stream, 1n);
        expect(await retry(stream, { messages: messages(1) })).toMatchObject({ added: 1 });
      }
    });

    it('shares the count with marked publishing and leaves the mark alone', async () => {
      const stream = newTopic();
      await claim(stream, 1n);
      await publishMarked(stream, NOTHING, 5);
      expect(await retry(stream, { messages: messages(2, 3) })).toMatchObject({ count: 3, mark: markOf(5) });
      const acknowledged = { epoch: 1n, count: 3, mark: markOf(5) };
      expect(await publishMarked(stream, acknowledged, 5, 6)).toEqual({
        ...{ kind: 'published', added: 1, skipped: 1, count: 4, mark: markOf(6) },
      });
      expect(await claim(stream, 2n)).toMatchObject({ count: 4, mark: markOf(6) });
      expect(await published(stream)).toEqual([5, 2, 3, 6]);
    });

    it('does nothing for an older epoch, nor for who never claimed', async () => {
      const stream = newTopic();
      expect(await retry(stream, { messages: messages(1) })).toEqual({
        ...{ kind: 'behind', epoch: 0n, count: 0, mark: FIRST_MARK },
      });
      await claim(stream, 2n);
      expect(await retry(stream, { messages: messages(1) })).toEqual({ kind: 'fenced', epoch: 2n });
      expect(await retry(stream, { epoch: 3n, messages: messages(1) })).toMatchObject({ kind: 'behind' });
      expect(await published(stream)).toEqual([]);
    });

    it('does nothing on a store that holds less than was acknowledged', async () => {
      const stream = newTopic();
      const key = companionKey(stream, `mark:${PART}`);
      await claim(stream, 1n);
      await publishMarked(stream, NOTHING, 5);
      const backup = await bench().surgery.readHash(key);
      await retry(stream, { messages: messages(1) });
      await bench().surgery.replaceHash(key, backup);
      const acknowledged = { epoch: 1n, count: 2, mark: markOf(5) };
      const behind = { kind: 'behind', epoch: 1n, count: 1, mark: markOf(5) };
      expect(await retry(stream, { acknowledged, messages: messages(2) })).toEqual(behind);
      expect(await publishMarked(stream, acknowledged, 6)).toEqual(behind);
      // The count caught up by others, the mark did not.
      const ahead = { ...acknowledged, count: 1, mark: markOf(6) };
      expect(await retry(stream, { acknowledged: ahead, messages: messages(2) })).toEqual(behind);
    });

    it('stops at the first message that is refused, names it, and remembers nothing of it', async () => {
      const stream = newTopic();
      await claim(stream, 1n);
      const [one, two, three] = messages(1, 2, 3);
      if (!one || !two || !three) throw new Error('three messages were made');
      const refused = { kind: 'refused', index: 1, count: 1, mark: FIRST_MARK };
      const call = { messages: [one, { ...two, fields: {} }, three] };
      expect(await retry(stream, call)).toMatchObject({ ...refused, added: 1, known: 0 });
      expect(await retry(stream, call)).toMatchObject({ ...refused, added: 0, known: 1 });
      expect(await retry(stream, { messages: [two, three] })).toMatchObject({ added: 2, count: 3 });
      expect(await published(stream)).toEqual([1, 2, 3]);
    });

    it('names a target of another type as refused', async () => {
      const stream = newTopic();
      await bench().surgery.putText(stream, 'no stream');
      await claim(stream, 1n);
      expect(await retry(stream, { messages: messages(1) })).toMatchObject({
        ...{ kind: 'refused', index: 0, added: 0, count: 0 },
        message: expect.stringContaining('WRONGTYPE') as string,
      });
    });

    it('adds again once the window has passed', async () => {
      const stream = newTopic();
      await claim(stream, 1n);
      // The window ends by the store's clock, which nothing here can turn: ask until it has.
      let added = 0;
      while (added < 2) {
        const answer = await retry(stream, { windowMs: 1, messages: messages(1) });
        if (answer.kind === 'published') added += answer.added;
      }
      expect(await published(stream)).toEqual([1, 1]);
    });
  });
}
