import { Loop } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';

export interface SinkGuardOptions {
  readonly channel: string;
  /** Resolves to whether the sink holds what was acknowledged; rejects while it does not answer. */
  readonly holds: () => Promise<boolean>;
  readonly logger: Logger;
}

/** How often a sink that is well is looked at: a loss shows also where nothing is published. */
const CHECK_INTERVAL_MS = 5000;
/** Until what another instance repairs is looked at again. */
const REPAIR_REST_MS = 250;

/**
 * The breaker between a channel's publishers and its target stream: they claim nothing while it is open, so an outage
 * spends no attempt and leaves no trace on the routes. One probe at a time tries the sink, rarer the longer it is away.
 */
export class SinkGuard {
  readonly loop: Loop;
  private open = false;
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly options: SinkGuardOptions) {
    this.loop = new Loop({
      name: `${options.channel} sink`,
      logger: options.logger,
      round: () => this.look(),
    });
  }

  /** Nothing may be published. */
  get isOpen(): boolean {
    return this.open;
  }

  /** To be called when a call to the sink failed, or found it behind. */
  trip(): void {
    if (this.open) return;
    this.open = true;
    this.loop.wake();
  }

  /** Called when publishing may go on. */
  onClosed(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** One look at the sink; resolves to the rest before the next one. */
  async look(): Promise<number> {
    let holds = false;
    try {
      holds = await this.options.holds();
    } finally {
      if (!holds) this.open = true;
    }
    if (!holds) return REPAIR_REST_MS;
    if (this.open) {
      this.open = false;
      this.options.logger.info({ event: 'sink_ready', channel: this.options.channel });
      for (const listener of this.listeners) listener();
    }
    return CHECK_INTERVAL_MS;
  }
}
