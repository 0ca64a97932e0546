import { mix, seededRandom, type Random } from './random';
import { Journey, type Measurement } from './journey';
import { type Scenario } from './scenario';
import {
  FRAME_EXTRA_BYTES,
  frameOf,
  IO,
  modelOf,
  recordOf,
  type TrackerModel,
  type TrackerRecord,
} from './tracker-records';

/** What a tracker does with a frame besides sending it; see Tracker. */
export const ACTS = [
  'drop-after-sending',
  'send-again',
  'damaged-first',
  'cut-in-half',
  'send-twice',
  'in-segments',
  'ping-first',
] as const;
export type Act = (typeof ACTS)[number] | 'plain';

export type Packet =
  | {
      readonly kind: 'records';
      readonly frame: Buffer;
      readonly records: readonly TrackerRecord[];
      readonly act: Act;
    }
  | { readonly kind: 'undecodable'; readonly frame: Buffer; readonly recordCount: number };

/** A packet and when it is to be sent, in ms since the start of the run. */
export interface Delivery {
  readonly dueMs: number;
  readonly packet: Packet;
}

export interface ItineraryOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  /** Number of the vehicle in its fleet; decides its model and its oddities. */
  readonly index: number;
  /** Wall clock at which the run starts. */
  readonly startMs: number;
  readonly forMs: number;
  /** Event time is compressed: it starts so long before the run and arrives at the wall clock at its end. */
  readonly headStartMs: number;
  readonly recordCount: number;
}

/** No device sends more in one packet, codec 8 and 8E alike. */
const MAX_PACKET_BYTES = 1280;
const MAX_PACKET_RECORDS = 25;
const DAY_MS = 86_400_000;
const FIRST_ACT = 3;
const ACT_EVERY = 3;

/** Everything that one vehicle sends, in order, made as it is asked for. */
export class Itinerary {
  private readonly random: Random;
  private readonly model: TrackerModel;
  private readonly journey: Journey;
  private readonly isNewestFirst: boolean;
  private frames = 0;

  constructor(private readonly options: ItineraryOptions) {
    const { seed, index, scenario } = options;
    this.random = seededRandom(seed, `records ${index}`);
    this.model = modelOf(index, this.random);
    this.journey = new Journey(scenario, seededRandom(seed, `journey ${index}`), this.eventTimeMs(0));
    this.isNewestFirst = index % 4 === 3;
  }

  *deliveries(): Generator<Delivery> {
    const { recordCount, forMs, index } = this.options;
    const yesterdayAt = index % 5 === 2 ? Math.floor(recordCount * this.random.between(0.2, 0.5)) : -1;
    const undecodableAt = index % 6 === 4 ? Math.floor(recordCount * 0.3) : -1;
    let waiting: TrackerRecord[] = [];
    let ignition: boolean | undefined;
    let packetSize = this.random.integer(1, 6);
    for (let k = 0; k < recordCount; k++) {
      const dueMs = ((k + 1) / recordCount) * forMs;
      const timeMs = this.eventTimeMs((k + 1) / recordCount);
      const measured = this.journey.advanceTo(timeMs);
      const isEvent = ignition !== undefined && ignition !== measured.ignition;
      ignition = measured.ignition;
      waiting.push(this.recordAt(k, timeMs, measured, isEvent));
      if (k === yesterdayAt) yield* this.inPackets(this.yesterday(), dueMs);
      if (k === undecodableAt) yield { dueMs, packet: this.undecodable(timeMs, measured) };
      if (this.hasNoCoverage(k) || (waiting.length < packetSize && !isEvent)) continue;
      yield* this.inPackets(waiting, dueMs);
      waiting = [];
      packetSize = this.random.integer(1, 6);
    }
    yield* this.inPackets(waiting, forMs);
  }

  /** `share` of the run, 0 to 1. At its end event time has arrived at the wall clock. */
  private eventTimeMs(share: number): number {
    const { startMs, forMs, headStartMs } = this.options;
    return Math.floor(startMs - headStartMs + share * (forMs + headStartMs));
  }

  private recordAt(k: number, timeMs: number, measured: Measurement, isEvent: boolean): TrackerRecord {
    const { recordCount, index, scenario } = this.options;
    const isAtShare = (share: number): boolean => k === Math.floor(recordCount * share);
    const isStale = (index % 5 === 0 && isAtShare(0.4)) || this.random.chance(0.003);
    const isNone = index % 5 === 0 && isAtShare(0.7);
    const isJump = index % 5 === 1 && isAtShare(0.55);
    const isAhead = index % 7 === 2 && isAtShare(0.3);
    const circumstances = {
      timeMs: isAhead ? timeMs + DAY_MS : timeMs,
      eventIoId: isEvent ? IO.ignition : 0,
      fix: isNone ? ('none' as const) : isStale ? ('stale' as const) : ('good' as const),
      offsetM: isJump ? 40_000 : 0,
    };
    return recordOf(this.model, scenario.centre, measured, circumstances, this.random);
  }

  private hasNoCoverage(k: number): boolean {
    const { index, recordCount } = this.options;
    const share = k / recordCount;
    if (index % 3 === 0) return share >= 0.35 && share < 0.5;
    return index % 4 === 3 && share >= 0.6 && share < 0.72;
  }

  /** A stretch that the tracker kept since this time yesterday, when it had another way before it. */
  private yesterday(): TrackerRecord[] {
    const { seed, index, scenario, startMs } = this.options;
    const fromMs = startMs - DAY_MS;
    const journey = new Journey(scenario, seededRandom(seed, `yesterday ${index}`), fromMs);
    return Array.from({ length: 45 }, (_, k) => {
      const timeMs = fromMs + (k + 1) * 10_000;
      const circumstances = { timeMs, eventIoId: 0, fix: 'good' as const, offsetM: 0 };
      return recordOf(this.model, scenario.centre, journey.advanceTo(timeMs), circumstances, this.random);
    });
  }

  /** Fills packets oldest first, or newest first within and among them. */
  private *inPackets(records: readonly TrackerRecord[], dueMs: number): Generator<Delivery> {
    const ordered = this.isNewestFirst ? [...records].reverse() : records;
    let packet: TrackerRecord[] = [];
    let bytes = FRAME_EXTRA_BYTES + 2;
    for (const record of ordered) {
      const isFull = packet.length === MAX_PACKET_RECORDS || bytes + record.bytes.length > MAX_PACKET_BYTES;
      if (isFull) {
        yield this.delivery(packet, dueMs);
        packet = [];
        bytes = FRAME_EXTRA_BYTES + 2;
      }
      packet.push(record);
      bytes += record.bytes.length;
    }
    if (packet.length > 0) yield this.delivery(packet, dueMs);
  }

  private delivery(records: readonly TrackerRecord[], dueMs: number): Delivery {
    const act = this.nextAct();
    return { dueMs, packet: { kind: 'records', frame: frameOf(this.model.codecId, records), records, act } };
  }

  /** Every vehicle goes through all acts once, each from another one on; later ones are rare. */
  private nextAct(): Act {
    const turn = (this.frames - FIRST_ACT) / ACT_EVERY;
    this.frames += 1;
    if (Number.isInteger(turn) && turn >= 0 && turn < ACTS.length) {
      return ACTS[(this.options.index + turn) % ACTS.length] ?? 'plain';
    }
    return this.random.chance(0.01) ? this.random.pick(ACTS) : 'plain';
  }

  /** A good CRC around a byte too many: no resend ever makes it decodable. */
  private undecodable(timeMs: number, measured: Measurement): Packet {
    const { scenario } = this.options;
    const circumstances = { timeMs, eventIoId: 0, fix: 'good' as const, offsetM: 0 };
    const record = recordOf(this.model, scenario.centre, measured, circumstances, this.random);
    const frame = frameOf(this.model.codecId, [record], Buffer.from([0x5a]));
    return { kind: 'undecodable', frame, recordCount: 1 };
  }
}

/** Fifteen digits, new with every run: what an older run left in the stores cannot be mistaken for this one's. */
export function imeiOf(seed: number, startMs: number, index: number): string {
  const run = mix(seed, `run ${startMs}`) % 100_000_000;
  const body = `35${String(run).padStart(8, '0')}${String(index % 10_000).padStart(4, '0')}`;
  return `${body}${luhnDigit(body)}`;
}

function luhnDigit(body: string): number {
  const sum = [...body].reduce((total, character, at) => {
    const digit = Number(character) * (at % 2 === 0 ? 1 : 2);
    return total + (digit > 9 ? digit - 9 : digit);
  }, 0);
  return (10 - (sum % 10)) % 10;
}
