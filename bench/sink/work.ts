import { loadRecordDigest } from '@app/common/contracts';
import { type StreamEntry } from '@app/common/streams';
import { type AvlRecord, CODEC_8_EXTENDED, encodeAvl } from '@app/teltonika-codec';
import { FrameDecoder } from '../../apps/processor/src/ingest/frame-decoder';
import { type SinkEntry } from '../../apps/processor/src/sink';
import { imeiOf } from '../shared/device';
import { IO_IDS, RECORDS_A_FRAME, speedKmhAt } from '../shared/records';

const RECORD_INTERVAL_MS = 5_000;

export interface Work {
  /** Stream entries as they were read, for each lane; a device belongs to one of them. */
  readonly lanes: readonly (readonly StreamEntry[])[];
  readonly rows: number;
}

/** Frames of devices that take turns, each going on where its last one ended. */
export function makeWork(devices: number, rows: number, lanes: number): Work {
  const startMs = Date.now() - 30 * 60_000;
  const byLane: StreamEntry[][] = Array.from({ length: lanes }, () => []);
  for (let frame = 0; frame < rows / RECORDS_A_FRAME; frame += 1) {
    const device = frame % devices;
    const turn = Math.floor(frame / devices);
    byLane[device % lanes]?.push(entryOf(device, turn, startMs, frame));
  }
  return { lanes: byLane, rows };
}

function entryOf(device: number, turn: number, startMs: number, id: number): StreamEntry {
  const first = turn * RECORDS_A_FRAME;
  const frame = encodeAvl({
    codecId: CODEC_8_EXTENDED,
    records: Array.from({ length: RECORDS_A_FRAME }, (_, index) => recordOf(device, first + index, startMs)),
  });
  const fields: Record<string, string | Buffer> = {
    v: '1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
    imei: imeiOf(device),
    transport: 'tcp',
    received_at: String(Date.now()),
    peer: '127.0.0.1:50000',
    frame,
  };
  return {
    id: `${id + 1}-1`,
    fields: new Map(Object.entries(fields).map(([name, value]) => [name, Buffer.from(value)])),
  };
}

function recordOf(device: number, number: number, startMs: number): AvlRecord {
  const phase = device * 37 + number;
  return {
    timestampMs: startMs + number * RECORD_INTERVAL_MS,
    priority: 0,
    longitude: 251_234_567 + device * 10_000 + number * 137,
    latitude: 546_789_012 + device * 7_000 - number * 91,
    altitudeM: 120,
    angleDeg: phase % 360,
    satellites: 11,
    speedKmh: speedKmhAt(phase),
    eventIoId: 0,
    io: [
      ...IO_IDS[1].map((id) => ({ id, size: 1 as const, value: id === 239 || id === 240 ? 1 : phase % 251 })),
      ...IO_IDS[2].map((id) => ({ id, size: 2 as const, value: (phase * 7 + id * 31) % 65_521 })),
      ...IO_IDS[4].map((id) => ({ id, size: 4 as const, value: phase * 7_919 + id })),
    ],
  };
}

/** One for each lane. */
export async function makeDecoders(lanes: number): Promise<((entry: StreamEntry) => SinkEntry)[]> {
  const digest = await loadRecordDigest();
  return Array.from({ length: lanes }, () => {
    const decoder = new FrameDecoder(digest);
    return (entry) => decoder.decode(entry);
  });
}
