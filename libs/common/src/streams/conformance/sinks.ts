import { companionKey } from '../../contracts';
import { type SinkMessage, type SinkReply, type SinkState, type Streams } from '../port';
import { newTopic, numbered, numbersOf, type BenchOf } from './bench';

const WINDOW_MS = 60_000;
const add = (n: number, token = 1): SinkMessage => ({ dedupeId: `push:${n}`, token, fields: numbered(n) });
const seal = (n: number, token: number): SinkMessage => ({ dedupeId: `push:${n}`, token, fields: undefined });

export function describeSinks(bench: BenchOf): void {
  describe('sinks', () => {
    const call = (
      stream: string,
      messages: readonly SinkMessage[],
      acknowledged?: SinkState,
      streams: Streams = bench().a,
    ) => streams.publishToSink({ stream, windowMs: WINDOW_MS, acknowledged, messages });
    const done = async (...args: Parameters<typeof call>) => doneOf(await call(...args));
    const kinds = async (...args: Parameters<typeof call>) =>
      (await done(...args)).answers.map(({ kind }) => kind);
    const entries = async (stream: string) => numbersOf(await bench().a.range(stream, '-', '+', 9999));

    it('adds each id once, from any client, and answers a repeat with the entry that is there', async () => {
      const stream = newTopic();
      const first = await done(stream, [add(1), add(2), add(1, 7)]);
      expect(first.answers.map(({ kind }) => kind)).toEqual(['added', 'added', 'known']);
      const again = await done(stream, [add(2, 9), add(3)], first.sink, bench().b);
      expect(again.answers[0]).toEqual({ ...first.answers[1], kind: 'known' });
      expect(again.answers[1]).toMatchObject({ kind: 'added' });
      expect(await entries(stream)).toEqual([1, 2, 3]);
    });

    it('counts what it adds and nothing else, and names the last of it', async () => {
      const stream = newTopic();
      const empty = await done(stream, []);
      expect(empty).toMatchObject({ sink: { count: 0, last: undefined }, added: [] });
      const first = await done(stream, [add(1), add(2), seal(3, 1)], empty.sink);
      expect(first).toMatchObject({
        sink: { birth: empty.sink.birth, count: 2 },
        added: [{ from: 0, to: 2 }],
      });
      const second = await done(stream, [add(1), seal(4, 1)], first.sink);
      expect(second).toMatchObject({ sink: first.sink, added: [] });
      const [, last] = first.answers;
      expect(second.sink.last).toEqual({ dedupeId: 'push:2', entryId: entryOf(last) });
    });

    it('adds nothing for a sealed id to lower tokens, and lets the sealer and higher ones add', async () => {
      const stream = newTopic();
      expect(await kinds(stream, [seal(1, 5), seal(2, 5), seal(3, 5)])).toEqual([
        'sealed',
        'sealed',
        'sealed',
      ]);
      expect(await kinds(stream, [add(1, 4), add(2, 5), add(3, 6)])).toEqual(['stale', 'added', 'added']);
      expect(await kinds(stream, [seal(1, 4), seal(1, 6), add(1, 5)])).toEqual(['stale', 'sealed', 'stale']);
      expect(await entries(stream)).toEqual([2, 3]);
    });

    it('answers a seal with the entry where there is one already', async () => {
      const stream = newTopic();
      const { answers } = await done(stream, [add(1, 5), seal(1, 9)]);
      expect(answers[1]).toEqual({ ...answers[0], kind: 'known' });
    });

    it('tells which message was refused, adds the others, and is done with the lower tokens', async () => {
      const stream = newTopic();
      const refused = { ...add(1, 5), fields: {} };
      expect(await kinds(stream, [refused, add(2)])).toEqual(['refused', 'added']);
      expect(await kinds(stream, [add(1, 4), add(1, 6)])).toEqual(['stale', 'added']);
    });

    it('takes many in one call, also where some are known', async () => {
      const stream = newTopic();
      const many = Array.from({ length: 450 }, (_, i) => add(i));
      const reply = await done(stream, [add(300), ...many]);
      expect(reply.answers.filter(({ kind }) => kind === 'added')).toHaveLength(450);
      expect(reply.sink.count).toBe(450);
      expect(reply.added.at(-1)?.to).toBe(450);
      expect(reply.added.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(450);
      expect(await entries(stream)).toEqual([300, ...many.map((_, i) => i).filter((i) => i !== 300)]);
      expect(await kinds(stream, many, reply.sink)).toEqual(many.map(() => 'known'));
    });

    it('knows what was published once under the same id', async () => {
      const stream = newTopic();
      await bench().a.publishOnce({
        stream,
        windowMs: WINDOW_MS,
        messages: [{ dedupeId: 'push:1', fields: numbered(1) }],
      });
      expect(await kinds(stream, [add(1)])).toEqual(['known']);
    });

    it('says which ids have no entry, sealed ones among them', async () => {
      const stream = newTopic();
      await done(stream, [add(1), seal(2, 1), add(3)]);
      const ids = ['push:1', 'push:2', 'push:3', 'push:4'];
      expect(await bench().b.findUnpublished(stream, ids)).toEqual(['push:2', 'push:4']);
      expect(await bench().b.findUnpublished(stream, [])).toEqual([]);
    });

    describe('that have lost something', () => {
      const sinkOf = (stream: string) => companionKey(stream, 'sink');

      it('are behind when another life of theirs was acknowledged, or none is left', async () => {
        const stream = newTopic();
        const { sink } = await done(stream, [add(1)]);
        await bench().surgery.deleteKey(sinkOf(stream));
        expect(await call(stream, [add(2)], sink)).toEqual({ kind: 'behind', birth: undefined, count: 0 });
        const other = await done(stream, []);
        expect(other.sink.birth).not.toBe(sink.birth);
        expect(await call(stream, [add(2)], sink)).toMatchObject({ kind: 'behind', birth: other.sink.birth });
        expect(await entries(stream)).toEqual([1]);
      });

      it('are behind when they have counted less than was acknowledged', async () => {
        const stream = newTopic();
        const first = await done(stream, [add(1)]);
        const backup = await bench().surgery.readHash(sinkOf(stream));
        const second = await done(stream, [add(2)], first.sink);
        await bench().surgery.replaceHash(sinkOf(stream), backup);
        expect(await call(stream, [add(3), seal(4, 1)], second.sink)).toEqual({
          kind: 'behind',
          birth: first.sink.birth,
          count: 1,
        });
        expect(await entries(stream)).toEqual([1, 2]);
        expect(await bench().a.findUnpublished(stream, ['push:3', 'push:4'])).toEqual(['push:3', 'push:4']);
      });

      it('are behind when others have added in the place of what was acknowledged', async () => {
        const stream = newTopic();
        const { sink } = await done(stream, [add(1)]);
        const elsewhere = { ...sink, last: { entryId: newerThan(sink), dedupeId: 'push:2' } };
        expect(await call(stream, [add(3)], elsewhere)).toMatchObject({ kind: 'behind' });
        expect(await call(stream, [add(3)], { ...elsewhere, last: undefined })).toMatchObject({
          kind: 'done',
        });
      });

      it('are not behind for a reader that deletes what it has done', async () => {
        const stream = newTopic();
        const { sink } = await done(stream, [add(1)]);
        await bench().surgery.deleteEntry(stream, sink.last?.entryId ?? '');
        expect(await kinds(stream, [add(2)], sink)).toEqual(['added']);
      });

      it('go on under a new birth, behind for all that comes from before', async () => {
        const stream = newTopic();
        const { sink } = await done(stream, [add(1)]);
        const birth = '00000000-0000-4000-8000-000000000001';
        await bench().a.renewSink(stream, birth);
        expect(await call(stream, [add(2)], sink)).toEqual({ kind: 'behind', birth, count: 1 });
        expect(await kinds(stream, [add(2)], { ...sink, birth })).toEqual(['added']);
      });
    });
  });
}

function doneOf(reply: SinkReply): Extract<SinkReply, { kind: 'done' }> {
  if (reply.kind === 'done') return reply;
  throw new Error(`the sink is behind: ${reply.count}`);
}

function entryOf(answer: { readonly kind: string; readonly entryId?: string } | undefined): string {
  if (answer?.entryId === undefined) throw new Error('there is no entry');
  return answer.entryId;
}

const newerThan = ({ last }: SinkState): string => `${Number(last?.entryId.split('-', 1)[0]) + 1}-0`;
