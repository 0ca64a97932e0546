import { codeOf } from '../test/code-of';
import { BEACON_LIST, decodeBeacons, isBeaconList, TAGGED_BEACON_LISTS } from './beacons';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

const UUID = '00112233445566778899aabbccddeeff';
const NAMESPACE = '00112233445566778899';
const INSTANCE = 'abcde0810047';

describe('beacon list 385', () => {
  it('reads each value by its presence bit', () => {
    const list = `12 21 ${UUID} 0005 0006 ba  01 ${NAMESPACE} ${INSTANCE} ae  07 ${NAMESPACE} ${INSTANCE} ae 0be8 fffb  20 ${UUID} 0001 0002`;
    const eddystone = { kind: 'eddystone', namespace: NAMESPACE, instance: INSTANCE, rssiDbm: -82 };
    expect(decodeBeacons(BEACON_LIST, bytes(list))).toEqual({
      part: 1,
      parts: 2,
      beacons: [
        { kind: 'ibeacon', uuid: UUID, major: 5, minor: 6, rssiDbm: -70 },
        eddystone,
        { ...eddystone, batteryMv: 3_048, temperatureRaw: -5 },
        { kind: 'ibeacon', uuid: UUID, major: 1, minor: 2 },
      ],
    });
  });

  it('tells a scan without beacons from a list that is cut', () => {
    expect(decodeBeacons(BEACON_LIST, bytes('11'))).toEqual({ part: 1, parts: 1, beacons: [] });
    expect(decodeBeacons(BEACON_LIST, bytes(''))).toEqual({ beacons: [] });
    const whole = bytes(`11 07 ${NAMESPACE} ${INSTANCE} ae 0be8 0015`);
    for (let length = 2; length < whole.length; length++) {
      expect(codeOf(() => decodeBeacons(BEACON_LIST, whole.subarray(0, length)))).toBe('RECORD_OVERRUN');
    }
  });
});

describe.each(TAGGED_BEACON_LISTS)('beacon list %i', (ioId) => {
  it('reads the tags that it knows and skips the others by their length', () => {
    const first = `00 01 c4  01 04 deadbeef  05 03 455945  06 02 0a28  07 01 2d  08 01 01  09 01 00  63 02 ffff`;
    const second = '0a 02 0102  0b 01 f6  0c 02 ff9c  0d 01 01  0e 02 0be8  0f 06 7cd9f407f95c  02 02 c064';
    const list = [first, second].map(bytes).flatMap((beacon) => [Buffer.from([beacon.length]), beacon]);
    expect(decodeBeacons(ioId, Buffer.concat([bytes('01'), ...list]))).toEqual({
      beacons: [
        {
          kind: 'tagged',
          rssiDbm: -60,
          id: 'deadbeef',
          name: 'EYE',
          temperatureRaw: 2_600,
          humidityPercent: 45,
          hasMagnet: true,
          isMoving: false,
        },
        {
          kind: 'tagged',
          movementCount: 258,
          pitchDeg: -10,
          rollDeg: -100,
          isBatteryLow: true,
          batteryMv: 3_000,
          mac: '7cd9f407f95c',
          extra: 'c064',
        },
      ],
    });
  });

  it('does not read a tag of another width, nor past a beacon', () => {
    expect(decodeBeacons(ioId, bytes('01 04 00 02 c4c4'))).toEqual({ beacons: [{ kind: 'tagged' }] });
    expect(codeOf(() => decodeBeacons(ioId, bytes('01 05 00 01 c4')))).toBe('RECORD_OVERRUN');
    expect(codeOf(() => decodeBeacons(ioId, bytes('01 03 00 02 c4')))).toBe('RECORD_OVERRUN');
    expect(codeOf(() => decodeBeacons(ioId, bytes('01 01 00')))).toBe('RECORD_OVERRUN');
    expect(decodeBeacons(ioId, bytes('01'))).toEqual({ beacons: [] });
  });
});

it('no other IO id is a list of beacons', () => {
  expect([385, 548, 10828, 10829, 10831, 11317, 10830, 1].map(isBeaconList)).toEqual([
    ...Array.from({ length: 6 }, () => true),
    false,
    false,
  ]);
  expect(codeOf(() => decodeBeacons(1, bytes('01')))).toBe('NOT_ENCODABLE');
});
