import { type Metrics } from '@app/common/observability';
import { type StreamInfo } from '@app/common/streams';
import { type WatchedStream } from './watched-streams';

/** The gauges that tell of the whole system and not of one process. */
export class OverviewMetrics {
  private readonly length;
  private readonly lag;
  private readonly lagUnknown;
  private readonly pending;
  private readonly backlogParts;

  constructor(metrics: Metrics) {
    this.length = metrics.gauge('stream_length');
    this.lag = metrics.gauge('stream_group_lag');
    this.lagUnknown = metrics.gauge('stream_group_lag_unknown');
    this.pending = metrics.gauge('stream_group_pending');
    this.backlogParts = metrics.gauge('outbox_backlog_parts');
  }

  /** Replaces what was shown of all streams. @param infos undefined for one that does not exist (yet, or any more). */
  showStreams(watched: readonly WatchedStream[], infos: readonly (StreamInfo | undefined)[]): void {
    this.hideStreams();
    for (const [index, stream] of watched.entries()) this.showStream(stream, infos[index]);
  }

  /** Takes the figures away: old ones beside a dead store would look like calm. */
  hideStreams(): void {
    for (const gauge of [this.length, this.lag, this.lagUnknown, this.pending]) gauge.reset();
  }

  showBacklog(parts: number): void {
    this.backlogParts.set(parts);
  }

  /** Not a reset, which for a gauge without labels is 0 and would say that all is published. */
  hideBacklog(): void {
    this.backlogParts.remove();
  }

  private showStream({ stream, groups }: WatchedStream, info: StreamInfo | undefined): void {
    const length = info?.length ?? 0;
    this.length.set({ stream }, length);
    const existing = info?.groups ?? [];
    for (const { name, lag, pending } of existing) this.showGroup(stream, name, lag, pending);
    // A group of ours that was not made yet will start at the beginning: all of the stream is before it.
    const missing = groups.filter((group) => !existing.some(({ name }) => name === group));
    for (const group of missing) this.showGroup(stream, group, length, 0);
  }

  private showGroup(stream: string, group: string, lag: number | null, pending: number): void {
    const labels = { stream, group };
    if (lag !== null) this.lag.set(labels, lag);
    this.lagUnknown.set(labels, lag === null ? 1 : 0);
    this.pending.set(labels, pending);
  }
}
