import { NOTIFICATION_GROUP, NOTIFICATION_INTENTS } from '@app/common/contracts';
import { type HealthContributor, type HealthReport } from '@app/common/health';
import { type StreamInspector } from '@app/common/streams';
import { type IntentMetrics } from './intents.metrics';
import { type WaitingStore } from './waiting-store';

/** Beyond it a person should look why recipients cannot be learned. */
const LONG_WAIT_MS = 60_000;

/** How far the intake is: what stands in the stream and what waits in the table for its recipients. */
export class IntakeWatch implements HealthContributor {
  readonly name = 'intents';
  readonly gatesReadiness = false;

  constructor(
    private readonly streams: StreamInspector,
    private readonly waiting: WaitingStore,
    private readonly metrics: IntentMetrics,
  ) {}

  async check(): Promise<HealthReport> {
    const [stream, waiting] = await Promise.all([this.stream(), this.waiting.summary()]);
    const isGood = !stream.unreadTrimmed && waiting.oldestAgeMs < LONG_WAIT_MS;
    const { lag, pending, unreadTrimmed } = stream;
    return {
      status: isGood ? 'up' : 'degraded',
      details: {
        ...{ lag: lag ?? 'unknown', pending, unreadTrimmed },
        ...{ waitingForRecipients: waiting.records, longestWaitMs: Math.round(waiting.oldestAgeMs) },
      },
    };
  }

  async measure(): Promise<void> {
    const [stream, waiting] = await Promise.all([this.stream(), this.waiting.summary()]);
    this.metrics.waiting.set(waiting.records);
    this.metrics.oldestAgeMs.set(Math.max(stream.oldestAgeMs, waiting.oldestAgeMs));
  }

  private async stream() {
    const info = await this.streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
    const group = info?.groups.find(({ name }) => name === NOTIFICATION_GROUP);
    return {
      lag: group?.lag,
      pending: group?.pending ?? 0,
      unreadTrimmed: info?.unreadTrimmed ?? false,
      oldestAgeMs: Math.max(group?.oldestUnreadMs ?? 0, group?.oldestPendingMs ?? 0),
    };
  }
}
