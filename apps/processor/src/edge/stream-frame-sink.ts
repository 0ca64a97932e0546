import {
  shardOf,
  telemetryDeadLetterStream,
  telemetryStream,
  type RecordDigest,
  type TelemetryEntry,
} from '@app/common/contracts';
import { OdographError } from '@app/common/errors';
import { fault, newTraceparent } from '@app/common/observability';
import {
  type AppendSeries,
  type AppendWaiter,
  type Fields,
  type OncePublisher,
  type SeriesAppender,
} from '@app/common/streams';
import { APP_VERSION } from '../app-version';
import { type ParkReason } from './edge.errors';
import { deadLetterFields, OWN_FIELDS, sharedFields } from './entry-fields';
import { type GivenId, GivenIds } from './given-ids';
import { type FrameLane, type FrameSink, type FrameSource, type FrameWaiter } from './frame-sink';
import { type StoreWatch } from './store-watch';
import { type UploadGate, type UploadWaiter } from './upload-gate';

/** For how long a frame that is parked again, by a repeat or by its device, is the same letter. */
const SAME_LETTER_MS = 24 * 60 * 60 * 1000;

/** The FrameSink of production: telemetry streams and their dead-letter streams. */
export class StreamFrameSink implements FrameSink {
  constructor(
    private readonly streams: SeriesAppender & Pick<OncePublisher, 'publishOnce'>,
    private readonly watch: StoreWatch,
    private readonly shards: number,
    private readonly digest: RecordDigest,
    private readonly given = new GivenIds(),
    /** Without one a device may upload as fast as it gets acks. */
    private readonly gate?: UploadGate,
  ) {}

  lane(source: FrameSource): FrameLane {
    const stream = telemetryStream(shardOf(source.imei, this.shards));
    const series = this.streams.series(stream, sharedFields(source), OWN_FIELDS);
    return new StreamLane(stream, series, this.watch, this.given.of(stream, source.imei), this.gate);
  }

  async park(entry: TelemetryEntry, reason: ParkReason): Promise<void> {
    const shard = shardOf(entry.imei, this.shards);
    const digest = this.digest(entry.frame);
    const fields = deadLetterFields(entry, newTraceparent(), reason, {
      digest,
      failedAtMs: Date.now(),
      appVersion: APP_VERSION,
    });
    fault('edge.before-park');
    await this.watch.run(() =>
      this.publishLetter(telemetryDeadLetterStream(shard), `${entry.imei}:${digest}`, fields),
    );
    fault('edge.after-park');
  }

  private async publishLetter(stream: string, dedupeId: string, fields: Fields): Promise<void> {
    const request = { stream, windowMs: SAME_LETTER_MS, messages: [{ dedupeId, fields }] };
    const [published] = await this.streams.publishOnce(request);
    if (published !== undefined && 'entryId' in published) return;
    throw new OdographError('STREAM_REFUSED', { detail: published?.error ?? 'the store gave no answer' });
  }
}

/**
 * With one frame after the other the lane itself is what waits for its answer: nothing is made for a frame. Closures
 * stand in functions of their own, here and along the whole way: a function that holds one makes a context a call.
 */
class StreamLane implements FrameLane, AppendWaiter, UploadWaiter {
  private waiter: FrameWaiter | undefined;
  private startedAt = 0;
  private frameBytes = 0;

  constructor(
    private readonly stream: string,
    private readonly series: AppendSeries,
    private readonly watch: StoreWatch,
    private readonly given: GivenId,
    private readonly gate: UploadGate | undefined,
  ) {}

  append(frame: Buffer, receivedAtMs: number, waiter: FrameWaiter): void {
    fault('edge.before-append');
    const { noRoom } = this.watch;
    if (noRoom !== undefined) return turnAway(waiter, noRoom, frame);
    this.waiter = waiter;
    this.startedAt = performance.now();
    this.frameBytes = frame.length;
    this.series.append([newTraceparent(), String(receivedAtMs), frame], this);
  }

  appended(id: string): void {
    this.watch.succeeded(this.startedAt);
    this.given.note(id);
    fault('edge.after-append');
    const { gate, given } = this;
    const isFull = given.upload.grow(this.frameBytes);
    if (gate !== undefined && isFull) gate.wait(this.stream, given.upload, given.text, this);
    else this.passed();
  }

  /** The frame is kept, and its device may send the next one. */
  passed(): void {
    this.take()?.kept();
  }

  refused(error: unknown, frame: Buffer): void {
    this.watch.failed(error);
    this.take()?.notKept(error, frame);
  }

  private take(): FrameWaiter | undefined {
    const { waiter } = this;
    this.waiter = undefined;
    return waiter;
  }
}

function turnAway(waiter: FrameWaiter, error: unknown, frame: Buffer): void {
  process.nextTick(() => waiter.notKept(error, frame));
}
