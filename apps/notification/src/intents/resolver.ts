import { describeError } from '@app/common/errors';
import { Loop, type Service } from '@app/common/lifecycle';
import { fault, type Logger } from '@app/common/observability';
import { type Directory } from '../directory';
import { type RoutesService } from '../routes';
import { type IntentMetrics } from './intents.metrics';
import { type ResolvedRecord, type Resolution } from './resolution';
import { type Postponed, type WaitingRecord, type WaitingStore } from './waiting-store';

export interface ResolverParts {
  readonly directory: Directory;
  readonly waiting: WaitingStore;
  readonly resolution: Resolution;
  readonly routes: RoutesService;
  readonly metrics: IntentMetrics;
  readonly logger: Logger;
  /** Rest where nothing is due; an accepted intent wakes it sooner. */
  readonly pollMs: number;
  /** In [0, 1). */
  readonly random?: () => number;
}

/** Longer than the lookups of an intent with a thousand recipients take; else another instance does them as well. */
const LEASE_MS = 30_000;
const MOST_UNDER_WAY = 500;
const BATCH = 100;
const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 60_000;

/**
 * Looks up the recipients of waiting records and has their routes planned. Each record's lookups are on their own, so
 * that a slow one holds up nobody but those behind it in its subject; what is looked up is settled in batches.
 */
export class Resolver implements Service {
  readonly name = 'resolver';
  readonly stage = 'work';
  private readonly claimer: Loop;
  private readonly settler: Loop;
  private readonly underWay = new Map<string, WaitingRecord>();
  private resolved: ResolvedRecord[] = [];
  private failed: Postponed[] = [];

  constructor(private readonly parts: ResolverParts) {
    const { logger } = parts;
    this.claimer = new Loop({ name: 'resolver', logger, round: () => this.claim() });
    this.settler = new Loop({ name: 'resolver settling', logger, round: () => this.settle() });
  }

  start(): Promise<void> {
    this.settler.start();
    this.claimer.start();
    return Promise.resolve();
  }

  /** What is looked up is settled; lookups under way are left, and their records due for other instances. */
  async stop(): Promise<void> {
    await Promise.all([this.claimer.stop(), this.settler.stop()]);
    await this.settle();
    const left = [...this.underWay.values()];
    this.underWay.clear();
    await this.parts.waiting.postpone(
      left.map(({ notificationId, lookups }) => ({ notificationId, lookups, delayMs: 0, error: undefined })),
    );
  }

  snapshot(): Record<string, unknown> {
    return { underWay: this.underWay.size, resolved: this.resolved.length };
  }

  /** There are records that wait. */
  wake(): void {
    this.claimer.wake();
  }

  private async claim(): Promise<number> {
    const { directory, waiting, pollMs } = this.parts;
    const { restMs, most } = directory.readiness();
    const room = Math.min(BATCH, most, MOST_UNDER_WAY - this.underWay.size);
    if (restMs > 0) return Math.min(restMs, pollMs);
    if (room <= 0) return pollMs;
    const claimed = await waiting.claim(room, LEASE_MS);
    if (claimed.length > 0) fault('intents.after-claim-waiting');
    for (const record of claimed) {
      if (this.underWay.has(record.notificationId)) continue;
      this.underWay.set(record.notificationId, record);
      void this.lookUp(record);
    }
    return claimed.length === room && most > room ? 0 : pollMs;
  }

  private async lookUp(record: WaitingRecord): Promise<void> {
    const { directory } = this.parts;
    try {
      const accounts = await directory.lookUp({
        userIds: record.recipientUserIds,
        urgent: record.lane === 'urgent',
      });
      this.resolved.push({ record, accounts });
    } catch (error) {
      this.failed.push(this.postponed(record, error));
    }
    this.settler.wake();
  }

  private postponed(record: WaitingRecord, error: unknown): Postponed {
    const { directory, logger, random = Math.random } = this.parts;
    const { notificationId, lookups, lane } = record;
    const { restMs } = directory.readiness();
    const stepMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(lookups, 10));
    const jitter = 0.75 + random() / 2;
    logger.debug({ event: 'lookup_failed', notificationId, lane, lookups, err: error });
    const later = { notificationId, error: describeError(error) };
    // A service that is out is not this record's fault: it is due as soon as it makes sense again.
    return restMs > 0
      ? { ...later, lookups, delayMs: restMs * jitter }
      : { ...later, lookups: lookups + 1, delayMs: stepMs * jitter };
  }

  private async settle(): Promise<number> {
    const failed = this.failed.slice(0, BATCH);
    await this.parts.waiting.postpone(failed);
    this.failed = this.failed.slice(failed.length);
    for (const { notificationId } of failed) this.underWay.delete(notificationId);
    const resolved = this.resolved.slice(0, BATCH);
    await this.settleBatch(resolved);
    this.resolved = this.resolved.slice(resolved.length);
    for (const { record } of resolved) this.underWay.delete(record.notificationId);
    if (failed.length > 0 || resolved.length > 0) this.claimer.wake();
    return this.resolved.length > 0 || this.failed.length > 0 ? 0 : this.parts.pollMs;
  }

  private async settleBatch(resolved: readonly ResolvedRecord[]): Promise<void> {
    if (resolved.length === 0) return;
    const { resolution, routes, metrics, logger } = this.parts;
    const { malformed } = await resolution.settle(resolved);
    fault('intents.after-commit-waiting');
    routes.announce();
    for (const { record, code, message } of malformed) {
      metrics.malformed.inc({ code });
      logger.warn({
        ...{ event: 'intent_malformed', code, message, notificationId: record.notificationId },
        ...{ notificationType: record.fields['notification_type'], producer: record.fields['producer'] },
      });
    }
  }
}
