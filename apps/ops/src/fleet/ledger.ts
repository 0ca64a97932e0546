import { MAX_AHEAD_MS, type RecordDigest } from '@app/common/contracts';
import { bigInt64Column, float64Column, int32Column, uint32Column } from './columns';
import { type TrackerRecord } from './tracker-records';

/** A record as the oracle judges it. */
export interface LedgerRecord {
  readonly imei: string;
  readonly timeMs: number;
  readonly digest: bigint;
  readonly longitude: number;
  readonly latitude: number;
  readonly satellites: number;
  readonly speedKmh: number;
  /** Stamped further ahead of its first sending than a device clock may be. */
  readonly isAhead: boolean;
  readonly isAcked: boolean;
  /** Wall clock, just before the frame's first sending. */
  readonly sentAtMs: number;
}

/** A frame that can never be decoded: it must come back as a dead letter with these bytes. */
export interface ParkedFrame {
  readonly imei: string;
  readonly frame: Buffer;
  readonly recordCount: number;
  sends: number;
  isAcked: boolean;
}

/** A row of telemetry.position as both sides name it. */
export function recordKey(imei: string, timeMs: number, digest: bigint): string {
  return `${imei}|${timeMs}|${digest}`;
}

const NEVER = -1;

/**
 * What the simulator sent and what it was promised, from its own side of the wire. Only an acked frame is a promise;
 * a frame that was sent and never acked may or may not be stored.
 */
export class Ledger {
  readonly parked: ParkedFrame[] = [];
  /** Answers that the protocol does not allow, in words. */
  readonly wrongAnswers: string[] = [];
  private readonly imeis: string[] = [];
  private readonly recordsByDevice: number[][] = [];
  private readonly frameSentAt = float64Column();
  private readonly frameAckedAt = float64Column();
  private readonly frameDevice = uint32Column();
  private readonly frameFirstRecord = uint32Column();
  private readonly frameRecords = uint32Column();
  private readonly time = float64Column();
  private readonly digest = bigInt64Column();
  private readonly longitude = int32Column();
  private readonly latitude = int32Column();
  private readonly satellites = int32Column();
  private readonly speed = int32Column();
  private readonly frameOfRecord = uint32Column();

  constructor(private readonly digestOf: RecordDigest) {}

  get devices(): readonly string[] {
    return this.imeis;
  }

  get frameCount(): number {
    return this.frameSentAt.size;
  }

  addDevice(imei: string): number {
    this.recordsByDevice.push([]);
    return this.imeis.push(imei) - 1;
  }

  /** Call it before the first byte leaves; returns the frame's number. */
  addFrame(device: number, records: readonly TrackerRecord[], nowMs: number): number {
    const frame = this.frameSentAt.push(nowMs);
    this.frameAckedAt.push(NEVER);
    this.frameDevice.push(device);
    this.frameFirstRecord.push(this.time.size);
    this.frameRecords.push(records.length);
    for (const record of records) {
      this.recordsByDevice[device]?.push(this.time.push(record.timeMs));
      this.digest.push(this.digestOf(record.bytes));
      this.longitude.push(record.longitude);
      this.latitude.push(record.latitude);
      this.satellites.push(record.satellites);
      this.speed.push(record.speedKmh);
      this.frameOfRecord.push(frame);
    }
    return frame;
  }

  acked(frame: number, nowMs: number): void {
    if (this.frameAckedAt.at(frame) === NEVER) this.frameAckedAt.set(frame, nowMs);
  }

  /** Every record of a device in the order of its first sending. */
  recordsOf(imei: string): LedgerRecord[] {
    const device = this.imeis.indexOf(imei);
    return (this.recordsByDevice[device] ?? []).map((index) => this.record(imei, index));
  }

  /** Records of one frame, and when it was acked; undefined while it was not. */
  frame(frame: number): { records: LedgerRecord[]; ackedAtMs: number | undefined } {
    const imei = this.imeis[this.frameDevice.at(frame)] ?? '';
    const first = this.frameFirstRecord.at(frame);
    const ackedAtMs = this.frameAckedAt.at(frame);
    return {
      records: Array.from({ length: this.frameRecords.at(frame) }, (_, k) => this.record(imei, first + k)),
      ackedAtMs: ackedAtMs === NEVER ? undefined : ackedAtMs,
    };
  }

  /** Numbers of the frames that no ack ever came for. */
  unackedFrames(): number[] {
    return Array.from({ length: this.frameCount }, (_, frame) => frame).filter(
      (frame) => this.frameAckedAt.at(frame) === NEVER,
    );
  }

  /**
   * When the last of a device's records up to that event time had been sent, among those sent by `untilMs`: from then
   * on an event that the record at that time confirms could be known. Undefined where none was sent.
   */
  knowableAtMs(imei: string, timeMs: number, untilMs: number): number | undefined {
    let latest: number | undefined;
    for (const record of this.recordsOf(imei)) {
      if (record.timeMs > timeMs || record.sentAtMs > untilMs) continue;
      latest = Math.max(latest ?? 0, record.sentAtMs);
    }
    return latest;
  }

  private record(imei: string, index: number): LedgerRecord {
    const frame = this.frameOfRecord.at(index);
    const sentAtMs = this.frameSentAt.at(frame);
    const timeMs = this.time.at(index);
    return {
      imei,
      timeMs,
      digest: this.digest.at(index),
      longitude: this.longitude.at(index),
      latitude: this.latitude.at(index),
      satellites: this.satellites.at(index),
      speedKmh: this.speed.at(index),
      isAhead: timeMs > sentAtMs + MAX_AHEAD_MS,
      isAcked: this.frameAckedAt.at(frame) !== NEVER,
      sentAtMs,
    };
  }
}
