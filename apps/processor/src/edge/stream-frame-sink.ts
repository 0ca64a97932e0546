import {
  shardOf,
  telemetryDeadLetterStream,
  telemetryStream,
  type RecordDigest,
  type TelemetryEntry,
} from '@app/common/contracts';
import { fault, newTraceparent } from '@app/common/observability';
import { OdographError } from '@app/common/errors';
import { type Fields, type OncePublisher, type StreamAppender } from '@app/common/streams';
import { APP_VERSION } from '../app-version';
import { type ParkReason } from './edge.errors';
import { deadLetterFields, telemetryFields } from './entry-fields';
import { type FrameSink } from './frame-sink';
import { type StoreWatch } from './store-watch';

/** For how long a frame that is parked again, by a repeat or by its device, is the same letter. */
const SAME_LETTER_MS = 24 * 60 * 60 * 1000;

/** The FrameSink of production: telemetry streams and their dead-letter streams. */
export class StreamFrameSink implements FrameSink {
  constructor(
    private readonly streams: Pick<StreamAppender, 'append'> & Pick<OncePublisher, 'publishOnce'>,
    private readonly watch: StoreWatch,
    private readonly shards: number,
    private readonly digest: RecordDigest,
  ) {}

  append(shard: number, entry: TelemetryEntry): Promise<void> {
    fault('edge.before-append');
    return this.watch.run(
      () => this.streams.append(telemetryStream(shard), telemetryFields(entry, newTraceparent())),
      () => fault('edge.after-append'),
    );
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
