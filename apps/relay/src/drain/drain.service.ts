import { type Database, type Listening } from '@app/common/database';
import { describeError, hasCode } from '@app/common/errors';
import { type HealthContributor, type HealthReport } from '@app/common/health';
import { type Ownership } from '@app/common/leases';
import { type Service } from '@app/common/lifecycle';
import { OUTBOX_CHANNEL } from '@app/common/outbox';
import { type Breaker } from './breaker';
import { type HeldTopics } from './held-topics';
import { type DrainLane } from './lane';
import { type OutboxWatch } from './watch';

/** Drains the outbox into its streams: lanes of parts, woken by commits, polling behind that. */
export class DrainService implements Service, HealthContributor {
  readonly name = 'drain';
  readonly stage = 'work';
  readonly gatesReadiness = true;
  private wakeUps: Listening | undefined;

  constructor(
    private readonly database: Database,
    private readonly ownership: Ownership,
    private readonly lanes: readonly DrainLane[],
    private readonly breaker: Breaker,
    private readonly heldTopics: HeldTopics,
    private readonly watch: OutboxWatch,
  ) {}

  async start(): Promise<void> {
    // Before the first step: what is paused stays so over a restart.
    await this.heldTopics.refresh();
    this.heldTopics.loop.start();
    this.watch.loop.start();
    for (const lane of this.lanes) lane.loop.start();
    this.wakeUps = await this.database.listen(OUTBOX_CHANNEL, () => this.wake());
  }

  /** Tells the lanes that there may be something to do. */
  wake(): void {
    for (const lane of this.lanes) lane.wake();
  }

  async stop(): Promise<void> {
    await this.wakeUps?.close();
    const loops = [this.heldTopics.loop, this.watch.loop, ...this.lanes.map(({ loop }) => loop)];
    await Promise.all(loops.map((loop) => loop.stop()));
    await Promise.all(this.lanes.map((lane) => lane.settle()));
  }

  check(): Promise<HealthReport> {
    const stalls = this.lanes.flatMap((lane) => [...lane.stalled()]);
    const ahead = stalls.some(([, { error }]) => hasCode(error, 'OUTBOX_CURSOR_AHEAD'));
    const { state, lastError } = this.breaker;
    const { blockedBy } = this.watch;
    const isWhole =
      blockedBy === undefined && stalls.length === 0 && state === 'closed' && this.heldTopics.why.size === 0;
    return Promise.resolve({
      status: ahead ? 'down' : isWhole ? 'up' : 'degraded',
      details: {
        partsOwned: this.ownership.usable().length,
        ...(blockedBy === undefined ? {} : { blockedBy }),
        ...(state === 'closed' ? {} : { redisBreaker: `${state}: ${describeError(lastError)}` }),
        ...Object.fromEntries(
          [...this.heldTopics.why].map(([topic, reasons]) => [`held ${topic}`, reasons.join(', ')]),
        ),
        ...Object.fromEntries(stalls.map(([name, { error }]) => [name, describeError(error)])),
      },
    });
  }

  snapshot(): Record<string, unknown> {
    return { owned: this.ownership.usable(), breaker: this.breaker.state, held: [...this.heldTopics.held] };
  }
}
