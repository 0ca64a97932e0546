import {
  shardOf,
  telemetryDeadLetterStream,
  telemetryStream,
  type RecordDigest,
  type TelemetryEntry,
} from '@app/common/contracts';
import { fault, newTraceparent } from '@app/common/observability';
import { type StreamAppender } from '@app/common/streams';
import { APP_VERSION } from '../app-version';
import { type ParkReason } from './edge.errors';
import { deadLetterFields, telemetryFields } from './entry-fields';
import { type FrameSink } from './frame-sink';
import { type StoreWatch } from './store-watch';

/** The FrameSink of production: telemetry streams and their dead-letter streams. */
export class StreamFrameSink implements FrameSink {
  constructor(
    private readonly streams: Pick<StreamAppender, 'append'>,
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
    const fields = deadLetterFields(entry, newTraceparent(), reason, {
      digest: this.digest(entry.frame),
      failedAtMs: Date.now(),
      appVersion: APP_VERSION,
    });
    fault('edge.before-park');
    await this.watch.run(() => this.streams.append(telemetryDeadLetterStream(shard), fields));
    fault('edge.after-park');
  }
}
