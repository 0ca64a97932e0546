import fc from 'fast-check';
import { ErrorReply, ReplyReader, type Reply } from './reply-reader';
import { TransactionBuffer } from './transaction-buffer';

/** Redis' requests as it would read them: arrays of bulk strings. */
function requestsIn(bytes: Buffer): Buffer[][] {
  const requests: Buffer[][] = [];
  let at = 0;
  const line = (): string => {
    const end = bytes.indexOf('\r\n', at);
    const text = bytes.toString('latin1', at, end);
    at = end + 2;
    return text;
  };
  while (at < bytes.length) {
    const count = Number(line().slice(1));
    requests.push(
      Array.from({ length: count }, () => {
        const length = Number(line().slice(1));
        const value = bytes.subarray(at, at + length);
        at += length + 2;
        return value;
      }),
    );
  }
  return requests;
}

/** One, two, three and four bytes of UTF-8. */
const mixed = fc.string({ unit: fc.constantFrom('a', 'ü', '€', '😀'), maxLength: 20 });
const value = fc.oneof(
  mixed,
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)),
);
const entry = fc.record({
  stream: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  fields: fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 10 }), value, { minKeys: 1, maxKeys: 8 }),
});

it('writes every entry as Redis reads it, whatever its bytes, in a buffer that was used before', () => {
  const buffer = new TransactionBuffer();
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), fc.integer({ min: 0, max: 2 }), (entries, replicas) => {
      buffer.begin();
      for (const { stream, fields } of entries) buffer.add(stream, fields);
      const bytesOf = (part: string | Buffer) => Buffer.from(part);
      const expected = [
        ['MULTI'],
        ...entries.map(({ stream, fields }) => ['XADD', stream, '*', ...Object.entries(fields).flat()]),
        ['EXEC'],
        ...(replicas > 0 ? [['WAIT', String(replicas), '2000']] : []),
      ].map((request) => request.map(bytesOf));
      expect(requestsIn(buffer.finish(replicas, 2000))).toEqual(expected);
      entries.forEach(({ fields }, index) => {
        expect(buffer.lastValue(index)).toEqual(Buffer.from(Object.values(fields).at(-1) ?? ''));
      });
    }),
  );
});

describe('answers', () => {
  const bytes = Buffer.from(
    '+OK\r\n+QUEUED\r\n-OOM größer\r\n*3\r\n$3\r\n1-1\r\n-WRONGTYPE no\r\n$-1\r\n:2\r\n*-1\r\n*0\r\n$0\r\n\r\n',
  );
  const expected: Reply[] = [
    'OK',
    'QUEUED',
    new ErrorReply('OOM größer'),
    ['1-1', new ErrorReply('WRONGTYPE no'), null],
    ...[2, null, [], ''],
  ];

  it('are read alike however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
        const replies: Reply[] = [];
        const reader = new ReplyReader((reply) => replies.push(reply));
        const ends = [...cuts.sort((a, b) => a - b), bytes.length];
        ends.forEach((end, index) => reader.push(bytes.subarray(ends[index - 1] ?? 0, end)));
        expect(replies).toEqual(expected);
      }),
    );
  });

  it('that are none are an error', () => {
    const reader = new ReplyReader(() => undefined);
    expect(() => reader.push(Buffer.from('HTTP/1.1 400\r\n'))).toThrow('a reply of type "H"');
  });
});
