import { CodecError } from './errors';
import { readIoBlock } from './io';
import { type AvlPacket, type AvlRecord, RecordFlag } from './record';
import { AvlWalk } from './walk';
import type { WalkedRecord } from './walked-record';

/** A decoded record and what was odd about it. */
export interface DecodedRecord extends AvlRecord {
  /** Bits of RecordFlag; `recordFlagNames` names them. */
  readonly flags: number;
}

// Shared: its arrays are too large to make for each packet, and decoding never yields half-way.
const sharedWalk = new AvlWalk();

/** A whole TCP AVL frame as objects, checked like `AvlWalk.read`. `encodeAvl` of the result gives the same bytes. Throws CodecError. */
export function decodeAvl(frame: Uint8Array): AvlPacket<DecodedRecord> {
  return decodeWalked(() => sharedWalk.read(frame));
}

/** The AVL packet inside one UDP channel packet, checked like `AvlWalk.readDatagram`. Throws CodecError. */
export function decodeChannelAvl(channelPacket: Uint8Array): AvlPacket<DecodedRecord> {
  return decodeWalked(() => sharedWalk.readDatagram(channelPacket));
}

function decodeWalked(read: () => WalkedRecord[]): AvlPacket<DecodedRecord> {
  try {
    const records = read();
    const { codecId } = sharedWalk;
    if (codecId === undefined) throw new CodecError('CODEC_UNKNOWN', 'the frame has no codec');
    return { codecId, records: records.map((record) => toRecord(record, codecId)) };
  } finally {
    sharedWalk.release();
  }
}

function toRecord(record: WalkedRecord, codecId: number): DecodedRecord {
  const { elements, declaredIoTotal, ...event } = readIoBlock(sharedWalk.ioBytes(record), codecId);
  const isSafe = record.timestampMs <= Number.MAX_SAFE_INTEGER;
  return {
    timestampMs: isSafe ? record.timestampMs : sharedWalk.timestampExactMs(record),
    priority: record.priority,
    longitude: record.longitude,
    latitude: record.latitude,
    altitudeM: record.altitudeM,
    angleDeg: record.angleDeg,
    satellites: record.satellites,
    speedKmh: record.speedKmh,
    ...event,
    io: elements,
    ...(declaredIoTotal === elements.length ? {} : { declaredIoTotal }),
    flags: record.flags | (record.hasDuplicateIo ? RecordFlag.duplicateIo : 0),
  };
}
