import { codeOf } from '../test/code-of';
import { CODEC_7, decodeCodec7 } from './codec7';
import { crc16 } from './crc16';

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
        },
      ],
    });
  });

  it('leaves out what its masks do not name', () => {
    expect(decodeCodec7(frameOf(`01${STAMP}0001`)).records).toEqual([
      { timestampMs: Date.UTC(2007, 0, 2), priority: 1, isFixValid: false, io: [] },
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
});
