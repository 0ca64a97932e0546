import { codeOf } from '../test/code-of';
import { codec7Block, decodeCodec7, decodeCodec7Datagram } from './codec7';
import { crc16 } from './crc16';
import { readIoBlock } from './io';
import { CODEC_7 } from './layout';

function frameOf(data: string, codec = '07'): Buffer {
  const body = Buffer.from(codec + data, 'hex');
  const frame = Buffer.alloc(body.length + 12);
  frame.writeUInt32BE(body.length, 4);
  body.copy(frame, 8);
  frame.writeUInt32BE(crc16(frame, 8, frame.length - 4), frame.length - 4);
  return frame;
}

/** Priority 1, 2007-01-02 00:00:00 UTC. */
const STAMP = '40015180';
const PLACE = '425a8a3d' + '41ca147b';

describe('codec 7', () => {
  it('reads every field that its masks name', () => {
    const whole = `${STAMP}0f` + `ff${PLACE}fffa` + '40' + '32' + '09' + '12345678' + '15' + '0000600a';
    const groups = '020101f003' + '01425e0f' + '014e00000007';
    expect(decodeCodec7(frameOf(`01${whole}${groups}01`))).toEqual({
      codecId: CODEC_7,
      records: [
        {
          timestampMs: Date.UTC(2007, 0, 2),
          priority: 1,
          latitude: expect.closeTo(54.635, 2) as number,
          longitude: expect.closeTo(25.26, 2) as number,
          altitudeM: -6,
          angleDeg: 90,
          speedKmh: 50,
          satellites: 9,
          cell: { areaCode: 0x1234, cellId: 0x5678 },
          signalQuality: 0x15,
          operator: 24_586,
          isFixValid: true,
          io: [
            { id: 1, size: 1, value: 1 },
            { id: 240, size: 1, value: 3 },
            { id: 66, size: 2, value: 24_079 },
            { id: 78, size: 4, value: 7 },
          ],
          bytes: Buffer.from(`${whole}${groups}`, 'hex'),
        },
      ],
    });
  });

  it('leaves out what its masks do not name', () => {
    expect(decodeCodec7(frameOf(`01${STAMP}0001`)).records).toEqual([
      {
        timestampMs: Date.UTC(2007, 0, 2),
        priority: 1,
        isFixValid: false,
        io: [],
        bytes: Buffer.from(`${STAMP}00`, 'hex'),
      },
    ]);
  });

  it('takes 255 km/h without satellites for no fix, and 0/0 and coordinates off the globe', () => {
    const isValid = (place: string) => decodeCodec7(frameOf(`01${STAMP}01${place}01`)).records[0]?.isFixValid;
    expect(isValid(`19${PLACE}ff05`)).toBe(true);
    expect(isValid(`19${PLACE}ff00`)).toBe(false);
    expect(isValid(`01${'00'.repeat(8)}`)).toBe(false);
    expect(isValid('0142c8000041ca147b')).toBe(false);
    expect(isValid('017fc0000041ca147b')).toBe(false);
  });

  it('is refused when its records are cut at any byte, too long, or counted wrong', () => {
    const record = `${STAMP}03${`01${PLACE}`}0101ff`;
    for (let digits = 0; digits < record.length; digits += 2) {
      expect(codeOf(() => decodeCodec7(frameOf(`01${record.slice(0, digits)}01`)))).toBe('RECORD_OVERRUN');
    }
    expect(codeOf(() => decodeCodec7(frameOf(`01${record}0001`)))).toBe('TRAILING_BYTES');
    expect(codeOf(() => decodeCodec7(frameOf(`01${record}02`)))).toBe('COUNT_MISMATCH');
    expect(codeOf(() => decodeCodec7(frameOf(`01${record}01`, '08')))).toBe('CODEC_UNKNOWN');
  });

  it('reads the same records out of a datagram, to its last byte', () => {
    const data = `0701${STAMP}03${`01${PLACE}`}0101ff01`;
    const header = `cafe0105000f${Buffer.from('352093086403655').toString('hex')}`;
    const bytes = Buffer.from(header + data, 'hex');
    const datagram = Buffer.concat([Buffer.from([0, bytes.length]), bytes]);
    const overTcp = decodeCodec7(frameOf(data.slice(2)));
    expect(decodeCodec7Datagram(datagram)).toEqual(overTcp);
    for (let length = 0; length < datagram.length; length++) {
      expect(codeOf(() => decodeCodec7Datagram(datagram.subarray(0, length)))).toBe('LENGTH_INVALID');
    }
    expect(codeOf(() => decodeCodec7Datagram(Buffer.concat([datagram, datagram])))).toBe('LENGTH_INVALID');
  });

  it('gives blocks to keep, from which the elements can be read again', () => {
    const [record] = decodeCodec7(
      frameOf(`01${STAMP}0f03${PLACE}fffa0101010142${'5e0f'}01${'4e00000007'}01`),
    ).records;
    if (record === undefined) throw new Error('no record');
    const block = codec7Block(record);
    expect(readIoBlock(block, CODEC_7)).toEqual({ eventIoId: 0, declaredIoTotal: 3, elements: record.io });
    expect(record.io.map(({ id }) => id)).toEqual([1, 66, 78]);
    expect(codeOf(() => readIoBlock(block.subarray(0, -1), CODEC_7))).toBe('RECORD_OVERRUN');
    expect(codeOf(() => readIoBlock(Buffer.concat([block, Buffer.alloc(1)]), CODEC_7))).toBe(
      'TRAILING_BYTES',
    );
  });
});
