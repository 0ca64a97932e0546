import { statement, type Database } from '@app/common/database';
import { Latencies, type Fleet } from '../../apps/ops/src/fleet';
import { type EvidenceReader, type PublishedEntry } from './evidence';
import countPositions from './sql/count-positions.sql';
import readCommitTimes from './sql/read-commit-times.sql';
import readCommitTracking from './sql/read-commit-tracking.sql';
import { type Watch } from './watch';

const COUNT_POSITIONS = statement('demo_count_positions', countPositions);
const READ_COMMIT_TIMES = statement('demo_read_commit_times', readCommitTimes);
const READ_COMMIT_TRACKING = statement('demo_read_commit_tracking', readCommitTracking);

/** Frames whose way is timed in one reading; the others are only counted. */
const SAMPLES = 200;

/** How far a run has come, counted in tables and streams, and from bytes to row and push in ms. */
export interface Reading {
  readonly stored: number;
  readonly events: number;
  readonly intents: number;
  readonly push: number;
  readonly mail: number;
}

/** Looks into the stores once a second while the fleet drives; never asks the apps. */
export class Meter {
  /** From just before a frame's first byte left to the commit of its rows. */
  readonly toRow = new Latencies();
  /** From the sending of the record that completed an event to its entry in gateway:client-events. */
  readonly toPush = new Latencies();
  private last: Reading = { stored: 0, events: 0, intents: 0, push: 0, mail: 0 };
  private nextFrame = 0;
  private readonly waiting: number[] = [];
  private pushSeen = 0;

  private constructor(
    private readonly database: Database,
    private readonly evidence: EvidenceReader,
    private readonly fleet: Fleet,
    private readonly isCommitTimeKnown: boolean,
  ) {}

  static async create({ database, evidence }: Watch, fleet: Fleet): Promise<Meter> {
    const [tracking] = await database.query<{ is_tracked: boolean }>(READ_COMMIT_TRACKING);
    return new Meter(database, evidence, fleet, tracking?.is_tracked === true);
  }

  get lastReading(): Reading {
    return this.last;
  }

  async read(): Promise<Reading> {
    const imeis = new Set(this.fleet.ledger.devices);
    const deviceIds = await this.evidence.deviceIds([...imeis]);
    const [count] = await this.database.query<{ stored: bigint }>(COUNT_POSITIONS, [[...deviceIds.values()]]);
    const { push, mail } = await this.evidence.published(imeis);
    const events = await this.evidence.readEvents(deviceIds);
    await this.timeRows();
    this.timePushes(push, new Map(events.map((event) => [event.audience.notificationId, event])));
    this.last = {
      stored: Number(count?.stored ?? 0n),
      events: events.filter(({ isRetracted }) => !isRetracted).length,
      intents: await this.evidence.intentCount(imeis),
      push: push.length,
      mail: mail.length,
    };
    return this.last;
  }

  /** Acked records are looked up until they are rows; each frame counts once, from its first sending. */
  private async timeRows(): Promise<void> {
    if (!this.isCommitTimeKnown) return;
    const { ledger } = this.fleet;
    for (; this.nextFrame < ledger.frameCount; this.nextFrame++) this.waiting.push(this.nextFrame);
    const due = this.waiting.filter((frame) => ledger.frame(frame).ackedAtMs !== undefined);
    const sampled = due.filter((_frame, index) => index % Math.ceil(due.length / SAMPLES) === 0);
    const records = sampled.flatMap((frame) =>
      ledger
        .frame(frame)
        .records.slice(0, 1)
        .map((record) => ({ frame, record })),
    );
    const rows = await this.database.query<{ number: number; committed_at_ms: number }>(READ_COMMIT_TIMES, [
      records.map((_each, index) => index),
      records.map(({ record }) => record.imei),
      records.map(({ record }) => new Date(record.timeMs)),
      records.map(({ record }) => record.digest),
    ]);
    const done = new Set(due.filter((frame) => !sampled.includes(frame)));
    for (const { number, committed_at_ms } of rows) {
      const sample = records[number];
      if (sample === undefined) continue;
      this.toRow.add(committed_at_ms - sample.record.sentAtMs);
      done.add(sample.frame);
    }
    const left = this.waiting.filter((frame) => !done.has(frame));
    this.waiting.splice(0, this.waiting.length, ...left);
  }

  private timePushes(
    push: readonly PublishedEntry[],
    events: ReadonlyMap<string, { readonly imei: string; readonly confirmedTimeMs: number }>,
  ): void {
    for (; this.pushSeen < push.length; this.pushSeen++) {
      const entry = push[this.pushSeen];
      const event = entry && events.get(entry.routeId.split(':')[1] ?? '');
      if (entry === undefined || event === undefined) continue;
      const sentAtMs = this.fleet.ledger.knowableAtMs(event.imei, event.confirmedTimeMs, entry.addedAtMs);
      if (sentAtMs !== undefined) this.toPush.add(entry.addedAtMs - sentAtMs);
    }
  }
}
