import fc from 'fast-check';
import { crc16 } from './crc16';
import { encodeAvl } from './encode';
import { FrameReader, type FrameReaderOptions, type ReadResult } from './framing';
import { CODEC_8 } from './layout';
import { encodeLogin } from './login';

const IMEI = '356307042441013';
const LOGIN = encodeLogin(IMEI);
const PING = Buffer.from([0xff]);

/** Any data field in a sound frame. */
function framed(data: number[]): Buffer {
  const frame = Buffer.alloc(data.length + 12);
  frame.writeUInt32BE(data.length, 4);
  frame.set(data, 8);
  frame.writeUInt32BE(crc16(frame, 8, frame.length - 4), frame.length - 4);
  return frame;
}

const EMPTY = encodeAvl({ codecId: CODEC_8, records: [] });
const POSITION = { longitude: 1, latitude: 1, altitudeM: 1, angleDeg: 1, satellites: 1, speedKmh: 1 };
const RECORD = { timestampMs: 1_735_689_600_000, priority: 0, ...POSITION, eventIoId: 0, io: [] };
const FRAME = encodeAvl({ codecId: CODEC_8, records: [RECORD, RECORD] });
const COMMAND = framed([0x0c, 1, 6, 0, 0, 0, 2, 0x4f, 0x4b, 1]);
const BAD_CRC = Buffer.from(FRAME);
BAD_CRC[20] = 0x55;
const BAD_COMMAND = Buffer.from(COMMAND);
BAD_COMMAND[15] = 0;

/** Every result until the reader wants more, hex instead of bytes. */
function drain(reader: FrameReader): object[] {
  const results: object[] = [];
  for (;;) {
    const result = reader.next();
    results.push(printed(result));
    if (result.kind === 'incomplete' || result.kind === 'fatal') return results;
  }
}

function printed(result: ReadResult): object {
  return 'frame' in result ? { ...result, frame: result.frame.toString('hex') } : result;
}

/** What one reader makes of the chunks, without the waiting in between. */
function readAll(chunks: Uint8Array[], options?: FrameReaderOptions): object[] {
  const reader = new FrameReader(options);
  const results: object[] = [];
  let last: object = { kind: 'incomplete', needed: 1 };
  for (const chunk of chunks) {
    reader.push(chunk);
    const drained = drain(reader);
    last = drained.pop() ?? last;
    results.push(...drained);
    // A socket may read its next segment into the same memory.
    chunk.fill(0xaa);
  }
  return [...results, last];
}

/** Buffers, as sockets give them: their `slice` is a view, that of other arrays a copy. */
function split(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, i) => Buffer.from(bytes.subarray(edges[i], edge)));
}

const login = { kind: 'login', imei: IMEI };
const frame = { kind: 'frame', frame: FRAME.toString('hex'), codecId: 8, recordCount: 2, envelope: 'ok' };
const rejected = { kind: 'rejected', code: 'CRC_MISMATCH', codecId: 8, channel: 'avl', recordCount: 2 };
const command = { kind: 'command', frame: COMMAND.toString('hex'), codecId: 12, quantity: 1 };
const STREAM = Buffer.concat([PING, LOGIN, FRAME, PING, PING, FRAME, BAD_CRC, EMPTY, COMMAND, LOGIN, FRAME]);
const STREAM_RESULTS = [
  { kind: 'ping' },
  login,
  frame,
  { kind: 'ping' },
  { kind: 'ping' },
  frame,
  { ...rejected, frame: BAD_CRC.toString('hex') },
  { ...frame, frame: EMPTY.toString('hex'), recordCount: 0 },
  command,
  login,
  frame,
  { kind: 'incomplete', needed: 1 },
];

describe('FrameReader', () => {
  it('reads a glued stream in order', () => {
    expect(readAll([Buffer.from(STREAM)])).toEqual(STREAM_RESULTS);
  });

  it('gives the same results for a cut at every position and for single bytes', () => {
    for (let cut = 1; cut < STREAM.length; cut++) {
      expect(readAll(split(STREAM, [cut]))).toEqual(STREAM_RESULTS);
    }
    expect(readAll(split(STREAM, [...STREAM.keys()].slice(1)))).toEqual(STREAM_RESULTS);
  });

  it('gives the same results for any segments of any bytes, and never throws', () => {
    const pieces = fc.constantFrom(PING, LOGIN, FRAME, BAD_CRC, COMMAND, EMPTY, FRAME.subarray(0, 30));
    const noise = fc.uint8Array({ maxLength: 12 });
    const streams = fc.array(fc.oneof({ weight: 5, arbitrary: pieces }, { weight: 1, arbitrary: noise }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(streams, fc.array(fc.nat(400), { maxLength: 20 }), (parts, cuts) => {
        const bytes = Buffer.concat([LOGIN, ...parts]);
        const within = cuts.filter((cut) => cut <= bytes.length);
        expect(readAll(split(bytes, within))).toEqual(readAll([Buffer.from(bytes)]));
      }),
    );
  });

  it('hands out frames that later segments do not change, whole in one segment or not', () => {
    const reader = new FrameReader();
    const bytes = Buffer.concat([LOGIN, FRAME, FRAME, FRAME]);
    const cuts = [LOGIN.length + FRAME.length + 9, LOGIN.length + 2 * FRAME.length + 9, bytes.length];
    const results: ReadResult[] = [];
    cuts.forEach((end, index) => {
      reader.push(Buffer.from(bytes.subarray(cuts[index - 1] ?? 0, end)));
      for (let result = reader.next(); result.kind !== 'incomplete'; result = reader.next())
        results.push(result);
    });
    expect(results.slice(1).map(printed)).toEqual([frame, frame, frame]);
  });

  it('says how many bytes the next result needs at least', () => {
    const reader = new FrameReader();
    const needed: number[] = [];
    for (const byte of Buffer.concat([LOGIN, FRAME])) {
      const result = drain(reader).at(-1);
      if (result !== undefined && 'needed' in result) needed.push(Number(result.needed));
      reader.push(Buffer.from([byte]));
    }
    const countdown = (from: number) => Array.from({ length: from }, (_, i) => from - i);
    const header = [1, 1, ...countdown(6), 1];
    expect(needed).toEqual([1, 1, ...countdown(15), ...header, ...countdown(FRAME.length - 9)]);
  });

  it.each<[string, Buffer, string]>([
    ['HTTP', Buffer.from('GET / HTTP/1.1'), 'NOT_TELTONIKA'],
    ['its first byte', Buffer.from('G'), 'NOT_TELTONIKA'],
    ['a TLS hello', Buffer.from('1603', 'hex'), 'NOT_TELTONIKA'],
    ['14 digits', Buffer.from('000e', 'hex'), 'LOGIN_INVALID'],
    [
      'a letter among the digits',
      Buffer.from('000f33353633303730343234343130314100', 'hex'),
      'LOGIN_INVALID',
    ],
    ['a frame', FRAME, 'FRAME_BEFORE_LOGIN'],
    ['the first two bytes of a frame', FRAME.subarray(0, 2), 'FRAME_BEFORE_LOGIN'],
  ])('before login %s is fatal', (_, bytes, code) => {
    expect(readAll([Buffer.from(bytes)])).toEqual([{ kind: 'fatal', code }]);
  });

  it.each<[string, string, string]>([
    ['preamble in byte 0', '01', 'PREAMBLE_INVALID'],
    ['preamble in byte 1', '0001', 'PREAMBLE_INVALID'],
    ['preamble in byte 2', '000001', 'PREAMBLE_INVALID'],
    ['preamble in byte 3', '00000001', 'PREAMBLE_INVALID'],
    ['login that is none', '000f33353633303730343234343130314a', 'PREAMBLE_INVALID'],
    ['length 0', '0000000000000000', 'LENGTH_INVALID'],
    ['length 2', '0000000000000002', 'LENGTH_INVALID'],
    ['length with the top bit', '0000000080000008', 'LENGTH_INVALID'],
    ['length 4 GiB - 1', '00000000ffffffff', 'LENGTH_INVALID'],
  ])('after login a wrong %s is fatal from those bytes alone', (_, hex, code) => {
    const results = readAll([Buffer.concat([LOGIN, Buffer.from(hex, 'hex')])]);
    expect(results).toEqual([login, { kind: 'fatal', code }]);
  });

  it('applies the caps by codec from the header, before buffering', () => {
    const options = { maxAvlBytes: 100, maxCommandBytes: 200 };
    const header = (frameBytes: number, codec: number[]) => {
      const bytes = Buffer.concat([LOGIN, Buffer.alloc(8), Buffer.from(codec)]);
      bytes.writeUInt32BE(frameBytes - 12, LOGIN.length + 4);
      return readAll([bytes], options).at(-1);
    };
    const tooLong = { kind: 'fatal', code: 'LENGTH_INVALID' };
    expect(header(100, [0x8e])).toEqual({ kind: 'incomplete', needed: 91 });
    expect(header(101, [0x8e])).toEqual(tooLong);
    expect(header(101, [0x09])).toEqual(tooLong);
    expect(header(200, [0x0c])).toEqual({ kind: 'incomplete', needed: 191 });
    expect(header(200, [])).toEqual({ kind: 'incomplete', needed: 1 });
    expect(header(201, [])).toEqual(tooLong);
  });

  it('stays failed and keeps nothing', () => {
    const reader = new FrameReader();
    reader.push(Buffer.from('GET'));
    expect(reader.next()).toEqual({ kind: 'fatal', code: 'NOT_TELTONIKA' });
    reader.push(LOGIN);
    expect(reader.next()).toEqual({ kind: 'fatal', code: 'NOT_TELTONIKA' });
    expect(reader.bufferedBytes).toBe(0);
  });

  it('counts what is buffered: nothing between frames', () => {
    const reader = new FrameReader();
    reader.push(Buffer.concat([LOGIN, FRAME.subarray(0, 40)]));
    drain(reader);
    expect(reader.bufferedBytes).toBe(40);
    reader.push(FRAME.subarray(40));
    drain(reader);
    expect(reader.bufferedBytes).toBe(0);
  });

  it.each<[string, Buffer, object]>([
    [
      'N1 != N2',
      framed([8, 1, 2]),
      { kind: 'frame', codecId: 8, recordCount: 1, envelope: 'count-mismatch' },
    ],
    [
      'an unknown codec',
      framed([9, 7, 8]),
      { kind: 'frame', codecId: 9, recordCount: 7, envelope: 'codec-unknown' },
    ],
    ['codec 7', framed([7, 0, 0]), { kind: 'frame', codecId: 7, recordCount: 0, envelope: 'ok' }],
    [
      'codec 7 with N1 != N2',
      framed([7, 1, 2]),
      { kind: 'frame', codecId: 7, recordCount: 1, envelope: 'count-mismatch' },
    ],
    ['an empty command', framed([12, 0, 0]), { kind: 'command', codecId: 12, quantity: 0 }],
    ['a command with a bad CRC', BAD_COMMAND, { kind: 'rejected', codecId: 12, channel: 'command' }],
  ])('reports %s with its bytes and goes on behind it', (_, bytes, expected) => {
    const results = readAll([Buffer.concat([LOGIN, bytes, FRAME])]);
    expect(results[1]).toMatchObject({ ...expected, frame: bytes.toString('hex') });
    expect(results[2]).toEqual(frame);
  });

  it('rejects a CRC field whose upper half is not zero', () => {
    const bytes = Buffer.from(FRAME);
    bytes[FRAME.length - 4] = 0x12;
    expect(readAll([Buffer.concat([LOGIN, bytes])])[1]).toEqual({
      ...rejected,
      frame: bytes.toString('hex'),
    });
  });

  it('copies a byte a bounded number of times when a long frame comes byte by byte', () => {
    const long = framed([0x0c, ...Array.from({ length: 60_000 }, () => 1)]);
    const set = jest.spyOn(Uint8Array.prototype, 'set');
    try {
      const reader = new FrameReader();
      for (const byte of Buffer.concat([LOGIN, long])) {
        reader.push(Buffer.from([byte]));
        reader.next();
      }
      const copiedBytes = set.mock.calls.reduce((sum, [source]) => sum + Array.from(source).length, 0);
      expect(copiedBytes).toBeLessThan(8 * long.length);
      expect(reader.bufferedBytes).toBe(0);
    } finally {
      set.mockRestore();
    }
  });
});
