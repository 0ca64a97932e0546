import { type HealthContributor, type HealthReport } from '@app/common/health';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type RoutesService, type RouteStore } from '../routes';
import { type Publisher } from './publisher';
import { type PublisherMetrics } from './publishers.metrics';
import { type SinkGuard } from './sink-guard';

const MEASURE_INTERVAL_MS = 5000;
/** A due route that has waited for so long means that its channel stands still. */
const OLD_ROUTE_MS = 60_000;

/** Runs the publishers, one a channel and lane, and what guards their target streams; freshly accepted routes wake them. */
export class PublishersService implements Service, HealthContributor {
  readonly name = 'publishers';
  readonly stage = 'work';
  readonly gatesReadiness = false;
  private readonly measuring: Loop;

  constructor(
    private readonly publishers: readonly Publisher[],
    private readonly guards: readonly SinkGuard[],
    private readonly store: RouteStore,
    routes: RoutesService,
    private readonly metrics: PublisherMetrics,
    logger: Logger,
  ) {
    routes.onOpened(() => this.wake());
    this.measuring = new Loop({ name: 'route schedule', logger, round: () => this.measure() });
  }

  start(): Promise<void> {
    for (const { loop } of [...this.guards, ...this.publishers]) loop.start();
    this.measuring.start();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    await Promise.all([
      ...this.publishers.map((publisher) => publisher.stop()),
      ...this.guards.map(({ loop }) => loop.stop()),
      this.measuring.stop(),
    ]);
  }

  async check(): Promise<HealthReport> {
    const { depth, oldestAgeMs } = await this.store.schedule();
    const sinksUp = this.guards.every(({ isOpen }) => !isOpen);
    return {
      status: oldestAgeMs > OLD_ROUTE_MS || !sinksUp ? 'degraded' : 'up',
      details: { depth, oldestAgeMs, sinksUp },
    };
  }

  private wake(): void {
    for (const { loop } of this.publishers) loop.wake();
  }

  private async measure(): Promise<number> {
    const { depth, oldestAgeMs } = await this.store.schedule();
    this.metrics.depth.set(depth);
    this.metrics.oldestAgeMs.set(oldestAgeMs);
    return MEASURE_INTERVAL_MS;
  }
}
