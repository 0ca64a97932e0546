import fc from 'fast-check';
import { codeOf } from '../test/code-of';
import {
  CODEC_12,
  CODEC_13,
  CODEC_14,
  CODEC_15,
  type CommandCodecId,
  type CommandMessage,
  type CommandPacket,
  CommandType,
  decodeCommand,
  encodeCommand,
  payloadOf,
  textOf,
} from './command';
import { crc16 } from './crc16';

const CODECS: readonly CommandCodecId[] = [CODEC_12, CODEC_13, CODEC_14, CODEC_15];

function messages(codecId: CommandCodecId): fc.Arbitrary<CommandMessage> {
  const payload = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
  const timestampS = fc.integer({ min: 0, max: 0xffff_ffff });
  const imei = fc.oneof(fc.stringMatching(/^[0-9]{15}$/), fc.stringMatching(/^[1-9a-f][0-9a-f]{15}$/));
  return fc.record({
    type: fc.nat(0xff),
    payload,
    ...(codecId === CODEC_13 || codecId === CODEC_15 ? { timestampS } : {}),
    ...(codecId === CODEC_14 || codecId === CODEC_15 ? { imei } : {}),
  });
}

const commands = fc
  .constantFrom(...CODECS)
  .chain((codecId) =>
    fc.record({ codecId: fc.constant(codecId), messages: fc.array(messages(codecId), { maxLength: 4 }) }),
  );

const TEXT = payloadOf('getver');
const oneOf = (codecId: CommandCodecId, more: Partial<CommandMessage> = {}): CommandPacket => ({
  codecId,
  messages: [{ type: CommandType.command, payload: TEXT, ...more }],
});

/** Length and CRC made right again around a changed data field. */
function sealed(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  copy.writeUInt32BE(copy.length - 12, 4);
  copy.writeUInt32BE(crc16(copy, 8, copy.length - 4), copy.length - 4);
  return copy;
}

describe('commands', () => {
  it('decode(encode(x)) = x and encode(decode(b)) = b', () => {
    fc.assert(
      fc.property(commands, (packet) => {
        const frame = encodeCommand(packet);
        expect(decodeCommand(frame)).toEqual(packet);
        expect(encodeCommand(decodeCommand(frame)).equals(frame)).toBe(true);
      }),
    );
  });

  it('keeps both quantities whatever they say', () => {
    fc.assert(
      fc.property(commands, fc.nat(255), fc.nat(255), (packet, quantity, trailingQuantity) => {
        const frame = encodeCommand({ ...packet, quantity, trailingQuantity });
        expect(decodeCommand(frame).messages).toEqual(packet.messages);
        expect(encodeCommand(decodeCommand(frame)).equals(frame)).toBe(true);
      }),
    );
  });

  it.each(CODECS)('codec %i truncated at any byte inside a sound frame never loses its place', (codecId) => {
    const hasTime = codecId === CODEC_13 || codecId === CODEC_15 ? { timestampS: 1 } : {};
    const hasImei = codecId === CODEC_14 || codecId === CODEC_15 ? { imei: '352093081452251' } : {};
    const frame = encodeCommand(oneOf(codecId, { ...hasTime, ...hasImei }));
    for (let end = 11; end < frame.length - 5; end++) {
      const cut = sealed(Buffer.concat([frame.subarray(0, end), frame.subarray(frame.length - 5)]));
      expect(codeOf(() => decodeCommand(cut))).toBe('RECORD_OVERRUN');
    }
    for (let length = 0; length < frame.length; length++) {
      expect(codeOf(() => decodeCommand(frame.subarray(0, length)))).toBe('LENGTH_INVALID');
    }
  });

  it('reads codec 13 of old devices, whose size leaves out the timestamp', () => {
    const packet: CommandPacket = {
      ...oneOf(CODEC_13, { type: CommandType.response, timestampS: 176_276_256 }),
      sizeExcludesTimestamp: true,
    };
    const frame = encodeCommand(packet);
    expect(frame.readUInt32BE(11)).toBe(TEXT.length);
    expect(decodeCommand(frame)).toEqual(packet);
  });

  it('reads a refusal of codec 14, which has no text', () => {
    const refusal = oneOf(CODEC_14, {
      type: CommandType.refused,
      payload: Buffer.alloc(0),
      imei: '352093081452468',
    });
    const frame = encodeCommand(refusal);
    expect(frame.toString('hex')).toBe('00000000000000100e0111000000080352093081452468010000635e');
    expect(decodeCommand(frame)).toEqual(refusal);
  });

  it('keeps an IMEI field that holds no IMEI', () => {
    const packet = oneOf(CODEC_14, { imei: 'f52093081452251a' });
    expect(decodeCommand(encodeCommand(packet))).toEqual(packet);
  });

  it.each<[string, CommandPacket]>([
    ['a timestamp in codec 12', oneOf(CODEC_12, { timestampS: 1 })],
    ['codec 13 without one', oneOf(CODEC_13)],
    ['codec 14 without an IMEI', oneOf(CODEC_14)],
    ['an IMEI of 14 digits', oneOf(CODEC_14, { imei: '12345678901234' })],
    ['sizes without timestamp in codec 12', { ...oneOf(CODEC_12), sizeExcludesTimestamp: true }],
    ['a type above 255', oneOf(CODEC_12, { type: 256 })],
    [
      '256 messages',
      { codecId: CODEC_12, messages: Array.from({ length: 256 }, () => ({ type: 5, payload: TEXT })) },
    ],
  ])('does not encode %s', (_, packet) => {
    expect(codeOf(() => encodeCommand(packet))).toBe('NOT_ENCODABLE');
  });

  it('is no AVL codec', () => {
    const frame = encodeCommand(oneOf(CODEC_12));
    frame[8] = 0x08;
    expect(codeOf(() => decodeCommand(sealed(frame)))).toBe('CODEC_UNKNOWN');
  });

  it('turns bytes into text and back without loss', () => {
    const payload = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    expect(payloadOf(textOf({ type: 6, payload })).equals(payload)).toBe(true);
    expect(codeOf(() => payloadOf('Žalgiris'))).toBe('NOT_ENCODABLE');
  });
});
