import { PROCESSOR_GROUP, streamLossSchema, TELEMETRY_LOSSES } from '@app/common/contracts';
import { type Logger } from '@app/common/observability';
import { type GroupStreams, type StreamEntry, textFields } from '@app/common/streams';
import { type StoreLedger } from './store-ledger';

export interface LossDeskParts {
  readonly streams: GroupStreams;
  readonly ledger: StoreLedger;
  readonly consumer: string;
  /** What another instance took and has not settled for so long is taken over. */
  readonly claimThresholdMs: number;
  readonly logger: Logger;
}

const BATCH = 500;

/** Takes what edges found lost into the database, where an operator reads it. */
export class LossDesk {
  constructor(private readonly parts: LossDeskParts) {}

  async take(signal: AbortSignal): Promise<void> {
    const { streams, consumer, claimThresholdMs } = this.parts;
    const request = { stream: TELEMETRY_LOSSES, group: PROCESSOR_GROUP, consumer, count: BATCH };
    const claimed = await streams.claimIdle({ ...request, minIdleMs: claimThresholdMs });
    const fresh = await streams.readGroup({ ...request, blockMs: 0, signal });
    const entries = [...claimed.entries, ...fresh];
    for (const entry of entries) await this.record(entry);
    const ids = entries.map(({ id }) => id);
    await streams.ackGroup(TELEMETRY_LOSSES, PROCESSOR_GROUP, ids);
  }

  private async record(entry: StreamEntry): Promise<void> {
    const parsed = streamLossSchema.safeParse(textFields(entry));
    if (!parsed.success) {
      this.parts.logger.error({ event: 'loss_report_malformed', id: entry.id });
      return;
    }
    const { imei, stream, after_id: afterId, last_id: lastId, reported_by: reportedBy } = parsed.data;
    await this.parts.ledger.recordLoss({ imei, stream, afterId, lastId, reportedBy, source: 'edge' });
  }
}
