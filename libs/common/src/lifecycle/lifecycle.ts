import { type Logger } from '../observability';
import { STAGES, type Service } from './service';

export type LifecycleState = 'starting' | 'running' | 'stopping' | 'stopped';

/**
 * Starts and stops the services of an app in the order of their stages. Readiness turns false before anything else
 * stops: Nest and Terminus flip it only after the drain, so that a draining app would look ready all the while.
 */
export class Lifecycle {
  private current: LifecycleState = 'starting';
  private readonly services: Service[] = [];
  private stopping: Promise<boolean> | undefined;

  constructor(
    private readonly logger: Logger,
    private readonly shutdownTimeoutMs: number,
  ) {}

  get state(): LifecycleState {
    return this.current;
  }

  register(service: Service): void {
    this.services.push(service);
  }

  /** @throws what the first failing service throws; the caller stops the app then. */
  async start(): Promise<void> {
    for (const stage of STAGES) {
      for (const service of this.services.filter((candidate) => candidate.stage === stage)) {
        if (this.current !== 'starting') return;
        const startedAt = performance.now();
        await service.start();
        this.logger.info({
          event: 'service_started',
          service: service.name,
          tookMs: Math.round(performance.now() - startedAt),
        });
      }
    }
    if (this.current !== 'starting') return;
    this.current = 'running';
    this.logger.info({ event: 'app_ready' });
  }

  /** Stops all services once; later calls wait for the same stop. Resolves to true when none overran or failed. */
  stop(reason: string): Promise<boolean> {
    this.stopping ??= this.stopAll(reason);
    return this.stopping;
  }

  private async stopAll(reason: string): Promise<boolean> {
    this.current = 'stopping';
    this.logger.info({ event: 'app_stopping', reason });
    const deadline = performance.now() + this.shutdownTimeoutMs;
    let clean = true;
    for (const stage of [...STAGES].reverse()) {
      const results = await Promise.all(
        this.services
          .filter((service) => service.stage === stage)
          .map((service) => this.stopOne(service, Math.max(0, deadline - performance.now()))),
      );
      clean &&= results.every(Boolean);
    }
    this.current = 'stopped';
    this.logger.info({ event: 'app_stopped', clean });
    return clean;
  }

  private async stopOne(service: Service, budgetMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const overrun = new Promise<'overrun'>((resolve) => {
      timer = setTimeout(() => resolve('overrun'), budgetMs);
    });
    try {
      const outcome = await Promise.race([service.stop(budgetMs).then(() => 'stopped' as const), overrun]);
      if (outcome === 'overrun')
        this.logger.error({ event: 'service_stop_overrun', service: service.name, budgetMs });
      return outcome === 'stopped';
    } catch (error) {
      this.logger.error({ event: 'service_stop_failed', service: service.name, err: error });
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  snapshot(): Record<string, unknown> {
    return Object.fromEntries(this.services.map((service) => [service.name, service.snapshot?.() ?? {}]));
  }
}
