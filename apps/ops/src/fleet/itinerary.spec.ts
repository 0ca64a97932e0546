import { loadRecordDigest } from '@app/common/contracts';
import { AvlWalk, CODEC_8, CODEC_8_EXTENDED, decodeAvl } from '@app/teltonika-codec';
import { ACTS, imeiOf, Itinerary, type Delivery } from './itinerary';
import { Ledger, recordKey } from './ledger';
import { expectedEvents } from './oracle';
import { placeOf } from './plane';
import { DEMO_SCENARIO } from './scenario';

const START_MS = Date.UTC(2026, 2, 1, 12);
const FOR_MS = 60_000;

const deliveriesOf = (index: number, seed = 7): Delivery[] => [
  ...new Itinerary({
    ...{ scenario: DEMO_SCENARIO, seed, index, startMs: START_MS, forMs: FOR_MS },
    ...{ headStartMs: 25 * 60_000, recordCount: 300 },
  }).deliveries(),
];

const fleet = Array.from({ length: 12 }, (_, index) => deliveriesOf(index));
const all = fleet.flat();
const records = fleet.map((deliveries) =>
  deliveries.flatMap(({ packet }) => (packet.kind === 'records' ? packet.records : [])),
);

it('gives the same bytes for the same seed, others for another', () => {
  const bytes = (deliveries: Delivery[]): Buffer =>
    Buffer.concat(deliveries.map(({ packet }) => packet.frame));
  expect(bytes(deliveriesOf(3)).equals(bytes(deliveriesOf(3)))).toBe(true);
  expect(bytes(deliveriesOf(3)).equals(bytes(deliveriesOf(3, 8)))).toBe(false);
});

it('makes frames that the codec reads, record by record as the ledger knows them', () => {
  const walk = new AvlWalk();
  for (const { packet } of all) {
    expect(packet.frame.length).toBeLessThanOrEqual(1280);
    if (packet.kind === 'undecodable') {
      expect(() => walk.read(packet.frame)).toThrow(/behind the last record/);
      continue;
    }
    const walked = walk.read(packet.frame).map((record) => walk.recordBytes(record).toString('hex'));
    expect(walked).toEqual(packet.records.map(({ bytes }) => bytes.toString('hex')));
  }
});

it('never sends a record before its time, nor the same record in two frames', async () => {
  const digest = await loadRecordDigest();
  for (const [index, deliveries] of fleet.entries()) {
    const keys = new Set<string>();
    for (const { dueMs, packet } of deliveries) {
      if (packet.kind !== 'records') continue;
      for (const { timeMs, bytes } of packet.records) {
        keys.add(recordKey(String(index), timeMs, digest(bytes)));
        const isTomorrow = timeMs > START_MS + FOR_MS;
        if (!isTomorrow) expect(timeMs).toBeLessThanOrEqual(START_MS + dueMs);
      }
    }
    expect(keys.size).toBe(records[index]?.length);
    // None is left behind; some vehicles upload a stretch of yesterday beside them.
    expect(keys.size).toBe(index % 5 === 2 ? 345 : 300);
  }
});

it('drives plausibly: starts, stops, speeds, turns, and never jumps but on purpose', () => {
  for (const own of records) {
    const speeds = own.map(({ speedKmh }) => speedKmh);
    expect(Math.min(...speeds)).toBe(0);
    expect(Math.max(...speeds)).toBeGreaterThan(95);
    expect(Math.max(...speeds)).toBeLessThan(150);
  }
});

it('does everything that a fleet in the field does', () => {
  const packets = all.flatMap(({ packet }) => (packet.kind === 'records' ? [packet] : []));
  const decoded = packets.map(({ frame }) => decodeAvl(frame));
  const everyRecord = decoded.flatMap((packet) => packet.records);
  const isDescending = packets.filter(
    ({ records: [first, second] }) => first && second && first.timeMs > second.timeMs,
  );

  expect(new Set(packets.map(({ act }) => act))).toEqual(new Set(['plain', ...ACTS]));
  expect(new Set(decoded.map(({ codecId }) => codecId))).toEqual(new Set([CODEC_8, CODEC_8_EXTENDED]));
  expect(isDescending.length).toBeGreaterThan(10);
  expect(all.some(({ packet }) => packet.kind === 'undecodable')).toBe(true);
  expect(everyRecord.some(({ eventIoId }) => eventIoId === 239)).toBe(true);
  expect(everyRecord.some(({ satellites, longitude }) => satellites === 0 && longitude !== 0)).toBe(true);
  expect(everyRecord.some(({ longitude, latitude }) => longitude === 0 && latitude === 0)).toBe(true);
  expect(everyRecord.some(({ timestampMs }) => timestampMs > START_MS + 80_000_000)).toBe(true);
  expect(everyRecord.some(({ timestampMs }) => timestampMs < START_MS - 80_000_000)).toBe(true);
  const io = everyRecord.flatMap((record) => record.io);
  expect(io.some((element) => element.size === 8 && element.value > 2n ** 53n)).toBe(true);
  expect(io.some((element) => element.size === 'variable' && element.value.length > 0)).toBe(true);
});

it('raises every kind of event, on most vehicles', async () => {
  const ledger = new Ledger(await loadRecordDigest());
  const { centre, fences, speedRule } = DEMO_SCENARIO;
  const rules = {
    speedRules: [{ ...speedRule, reference: 'rule:1', validFromMs: 0 }],
    fences: fences.map((fence) => ({
      ...fence,
      ...placeOf(centre, fence.centre),
      reference: `geofence:${fence.name}`,
      validFromMs: 0,
    })),
  };
  const kinds = fleet.map((deliveries, index) => {
    const imei = imeiOf(7, START_MS, index);
    const device = ledger.addDevice(imei);
    for (const { dueMs, packet } of deliveries) {
      if (packet.kind === 'records') ledger.addFrame(device, packet.records, START_MS + dueMs);
    }
    return expectedEvents(ledger.recordsOf(imei), rules).map(({ kind }) => kind);
  });
  const vehiclesWith = (kind: string): number =>
    kinds.filter((own) => own.some((one) => one === kind)).length;
  expect(vehiclesWith('overspeed.started')).toBeGreaterThan(8);
  expect(vehiclesWith('overspeed.ended')).toBeGreaterThan(8);
  expect(vehiclesWith('geofence.entered')).toBeGreaterThan(6);
  expect(vehiclesWith('geofence.exited')).toBeGreaterThan(6);
});

it('numbers vehicles with IMEIs that pass the check digit and differ from run to run', () => {
  const imeis = [0, 1, 2].map((index) => imeiOf(7, START_MS, index));
  expect(new Set([...imeis, imeiOf(7, START_MS + 1, 0), imeiOf(8, START_MS, 0)]).size).toBe(5);
  for (const imei of imeis) {
    expect(imei).toMatch(/^35\d{13}$/);
    const sum = [...imei].reverse().reduce((total, character, at) => {
      const doubled = Number(character) * (at % 2 === 0 ? 1 : 2);
      return total + (doubled > 9 ? doubled - 9 : doubled);
    }, 0);
    expect(sum % 10).toBe(0);
  }
});
