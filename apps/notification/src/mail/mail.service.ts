import { type HealthContributor, type HealthReport } from '@app/common/health';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type DeliveryStore } from './delivery-store';
import { type Intake } from './intake';
import { type MailMetrics } from './mail.metrics';
import { type Sender } from './sender';
import { type Smtp } from './smtp';

const MEASURE_INTERVAL_MS = 5000;
const VERIFY_TIMEOUT_MS = 5000;
/** So often the server is asked whether it lets us in; mails find out sooner. */
const VERIFY_INTERVAL_MS = 60_000;
const PURGE_INTERVAL_MS = 600_000;
const PURGE_BATCH = 1000;
/** A mail that is late by so much means that nothing goes out. */
const LATE_MS = 300_000;
/** Of the budget of a stop: what is not done by then is cut off, and sent again by another instance. */
const PATIENT_PART = 0.8;

/** The mail sender: takes commands in, sends them, forgets them after their time. */
export class MailService implements Service, HealthContributor {
  readonly name = 'mail';
  readonly stage = 'work';
  readonly gatesReadiness = false;
  private readonly loops: readonly Loop[];
  private obstacle: string | undefined;

  constructor(
    private readonly keepMs: number,
    private readonly intake: Intake,
    private readonly sender: Sender,
    private readonly store: DeliveryStore,
    private readonly smtp: Smtp,
    private readonly metrics: MailMetrics,
    private readonly logger: Logger,
  ) {
    this.loops = [
      new Loop({ name: 'mail schedule', logger, round: () => this.measure() }),
      new Loop({ name: 'mail retention', logger, round: () => this.purge() }),
      new Loop({ name: 'mail server', logger, round: () => this.verify() }),
    ];
  }

  /** A mail server that is out keeps nothing from starting: what comes in meanwhile waits in its table. */
  async start(): Promise<void> {
    await this.verify();
    await this.intake.start();
    this.sender.loop.start();
    for (const loop of this.loops) loop.start();
  }

  async stop(budgetMs: number): Promise<void> {
    await Promise.all([
      this.intake.stop(),
      this.sender.loop.stop(),
      ...this.loops.map((loop) => loop.stop()),
    ]);
    const impatience = setTimeout(() => this.smtp.close(true), budgetMs * PATIENT_PART);
    await this.sender.idle();
    clearTimeout(impatience);
    this.smtp.close();
  }

  async check(): Promise<HealthReport> {
    const { depth, oldestAgeMs } = await this.store.schedule();
    const isDegraded = this.obstacle !== undefined || oldestAgeMs > LATE_MS;
    return {
      status: isDegraded ? 'degraded' : 'up',
      details: { depth, oldestAgeMs: Math.round(oldestAgeMs), server: this.obstacle ?? 'lets us in' },
    };
  }

  snapshot(): Record<string, unknown> {
    return { underWay: this.sender.inFlight };
  }

  private async verify(): Promise<number> {
    const obstacle = await this.smtp.verify(VERIFY_TIMEOUT_MS);
    if (obstacle !== undefined && obstacle !== this.obstacle) {
      this.logger.warn({ event: 'mail_server_unusable', obstacle });
    }
    this.obstacle = obstacle;
    return VERIFY_INTERVAL_MS;
  }

  private async measure(): Promise<number> {
    const { depth, oldestAgeMs } = await this.store.schedule();
    this.metrics.depth.set(depth);
    this.metrics.oldestAgeMs.set(oldestAgeMs);
    return MEASURE_INTERVAL_MS;
  }

  private async purge(): Promise<number> {
    const purged = await this.store.purge(this.keepMs, PURGE_BATCH);
    return purged === PURGE_BATCH ? 0 : PURGE_INTERVAL_MS;
  }
}
