import { PROCESSOR_GROUP } from '@app/common/contracts';
import { type Logger } from '@app/common/observability';
import { type OwnedStreams, type StreamInspector } from '@app/common/streams';
import { type IngestMetrics } from './ingest.metrics';
import { type StoreLedger } from './store-ledger';

export interface ShardKeeperParts {
  readonly streams: OwnedStreams & StreamInspector;
  readonly ledger: StoreLedger;
  readonly owned: () => readonly string[];
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
  /** How long entries stay after their ack. */
  readonly keepMs: number;
  readonly retentionMs: number;
}

/** Trims the shards of this process and tells how they stand. */
export class ShardKeeper {
  constructor(private readonly parts: ShardKeeperParts) {}

  async tend(): Promise<void> {
    const { owned, metrics, ledger, retentionMs } = this.parts;
    let unknownGroups = 0;
    let unreadTrimmed = 0;
    for (const stream of owned()) {
      unknownGroups += await this.trim(stream);
      const info = await this.parts.streams.info(stream, [PROCESSOR_GROUP]);
      if (info?.unreadTrimmed !== true) continue;
      unreadTrimmed += 1;
      this.parts.logger.error({ event: 'stream_trimmed_unread', stream, length: info.length });
    }
    metrics.unknownGroups.set(unknownGroups);
    metrics.unreadTrimmed.set(unreadTrimmed);
    metrics.defaultRecords.set(await ledger.leftInDefault(retentionMs));
  }

  private async trim(stream: string): Promise<number> {
    const { streams, keepMs, logger } = this.parts;
    const trim = { stream, groups: [PROCESSOR_GROUP], keepMs, since: 'acknowledged' } as const;
    const { unknownGroups } = await streams.trimOwned(trim);
    if (unknownGroups.length > 0) {
      logger.warn({ event: 'stream_has_unknown_groups', stream, unknownGroups });
    }
    return unknownGroups.length;
  }
}
