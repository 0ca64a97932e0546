import { Database, statement } from '@app/common/database';
import { Loop, type Lifecycle, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type Streams } from '@app/common/streams';
import { type OverviewSettings } from './overview.config';
import { type OverviewMetrics } from './overview.metrics';
import countBacklogParts from './sql/count-backlog-parts.sql';
import { watchedStreams, type WatchedStream } from './watched-streams';

const COUNT_BACKLOG_PARTS = statement('overview_count_backlog_parts', countBacklogParts);

export interface OverviewDependencies {
  readonly database: Database;
  readonly streams: Streams;
  readonly metrics: OverviewMetrics;
  readonly logger: Logger;
  readonly settings: OverviewSettings;
}

/** Looks at depth and lag of every stream and of the outbox, every few seconds. It reads and never writes. */
export class OverviewService implements Service {
  readonly name = 'overview';
  readonly stage = 'work';
  private readonly loop: Loop;
  private readonly watched: readonly WatchedStream[];

  constructor(
    lifecycle: Lifecycle,
    private readonly dependencies: OverviewDependencies,
  ) {
    const { logger, settings } = dependencies;
    this.watched = watchedStreams(settings.TELEMETRY_SHARDS, [
      settings.NOTIFICATION_GATEWAY_CLIENT_EVENTS_STREAM,
      settings.NOTIFICATION_MAIL_DELIVERY_COMMANDS_STREAM,
    ]);
    this.loop = new Loop({
      name: this.name,
      logger: logger.child({ feature: this.name }),
      round: async () => {
        await this.look();
        return settings.OVERVIEW_EVERY;
      },
    });
    lifecycle.register(this);
  }

  start(): Promise<void> {
    this.loop.start();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  snapshot(): Record<string, unknown> {
    return { streams: this.watched.length };
  }

  /** @throws what a store throws that did not answer; its figures are gone then, those of the other are fresh. */
  async look(): Promise<void> {
    const results = await Promise.allSettled([this.lookAtStreams(), this.lookAtOutbox()]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  private async lookAtStreams(): Promise<void> {
    const { streams, metrics } = this.dependencies;
    try {
      const infos = await Promise.all(
        this.watched.map(({ stream, groups, optionalGroups = [] }) =>
          streams.info(stream, [...groups, ...optionalGroups]),
        ),
      );
      metrics.showStreams(this.watched, infos);
    } catch (error) {
      metrics.hideStreams();
      throw error;
    }
  }

  private async lookAtOutbox(): Promise<void> {
    const { database, metrics } = this.dependencies;
    try {
      const [row] = await database.query<{ parts: number }>(COUNT_BACKLOG_PARTS);
      metrics.showBacklog(row?.parts ?? 0);
    } catch (error) {
      metrics.hideBacklog();
      throw error;
    }
  }
}
