import fc from 'fast-check';
import { encodeMark } from '../../contracts';
import { testServers } from '../../testing';
import { newTopic } from '../conformance/bench';
import { RedisStreams } from './redis-streams';

/** Around every length at which MessagePack or the encoder goes another way. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc
    .record({
      length: fc.constantFrom(0, 1, 31, 32, 64, 65, 255, 256, 21_845, 21_846),
      of: fc.constantFrom('x', 'ä', '€', '😀'),
    })
    .map(({ length, of }) => of.repeat(length)),
);
const value = fc.oneof(
  text,
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);
const fields = fc.dictionary(fc.oneof(fc.constantFrom('a', 'b', 'c'), text), value, {
  minKeys: 1,
  maxKeys: 6,
});

describe('messages on their way through the publishing script', () => {
  const servers = testServers();
  let streams: RedisStreams;
  beforeAll(async () => {
    streams = new RedisStreams({
      ...{ url: servers.redisUrl, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5000 },
    });
    await streams.start();
  });
  afterAll(() => streams.close());

  it('arrive as they were given, whatever their fields and however these differ from message to message', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fields, { minLength: 1, maxLength: 8 }), async (given) => {
        const [stream, epoch, part] = [newTopic(), 1n, 0];
        const mark = encodeMark({ generation: 0n, xid: 0n, id: 0n });
        await streams.claimMark({ stream, part, epoch });
        const messages = given.map((each, index) => ({
          mark: encodeMark({ generation: 1n, xid: 1n, id: BigInt(index + 1) }),
          fields: each,
        }));
        const answer = await streams.publishMarked({
          ...{ stream, part, epoch, messages },
          acknowledged: { epoch, count: 0, mark },
        });
        expect(answer).toMatchObject({ kind: 'published', added: given.length });
        const entries = await streams.range(stream, '-', '+', given.length + 1);
        const wanted = given.map((each) =>
          Object.entries(each).map(([name, of]) => [Buffer.from(name).toString(), Buffer.from(of)]),
        );
        expect(entries.map((entry) => [...entry.fields])).toEqual(wanted);
      }),
      { numRuns: 30 },
    );
  });
});
