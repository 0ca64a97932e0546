import { type Database, type Listening } from '@app/common/database';
import { describeError, hasCode } from '@app/common/errors';
import { type HealthContributor, type HealthReport } from '@app/common/health';
import { type Ownership } from '@app/common/leases';
import { type Service } from '@app/common/lifecycle';
import { OUTBOX_CHANNEL } from '@app/common/outbox';
import { type DrainLane } from './lane';

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
  ) {}

  async start(): Promise<void> {
    for (const lane of this.lanes) lane.loop.start();
    this.wakeUps = await this.database.listen(OUTBOX_CHANNEL, () => this.wake());
  }

  /** Tells the lanes that there may be something to do. */
  wake(): void {
    for (const lane of this.lanes) lane.wake();
  }

  async stop(): Promise<void> {
    await this.wakeUps?.close();
    await Promise.all(this.lanes.map((lane) => lane.loop.stop()));
  }

  check(): Promise<HealthReport> {
    const stalls = this.lanes.flatMap((lane) => [...lane.stalled()]);
    const ahead = stalls.some(([, { error }]) => hasCode(error, 'OUTBOX_CURSOR_AHEAD'));
    return Promise.resolve({
      status: ahead ? 'down' : stalls.length > 0 ? 'degraded' : 'up',
      details: {
        partsOwned: this.ownership.usable().length,
        ...Object.fromEntries(stalls.map(([name, { error }]) => [name, describeError(error)])),
      },
    });
  }

  snapshot(): Record<string, unknown> {
    return { owned: this.ownership.usable() };
  }
}
