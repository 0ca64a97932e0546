import { type Logger } from '../observability';

export interface LoopOptions {
  readonly name: string;
  readonly logger: Logger;
  /** One round. Resolves to how long to rest before the next one, in milliseconds; 0 goes on at once. */
  readonly round: (signal: AbortSignal) => Promise<number>;
  /** Rest after a round that threw; doubles up to the cap while rounds go on failing. */
  readonly retryMs?: number;
  readonly maxRetryMs?: number;
}

/**
 * A loop that rests between rounds, can be woken, survives a failing round and ends between rounds. Every background
 * service has this shape, so that who has read one has read all.
 */
export class Loop {
  private readonly abort = new AbortController();
  private running: Promise<void> | undefined;
  private wakeUp: (() => void) | undefined;
  private woken = false;
  private failures = 0;

  constructor(private readonly options: LoopOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Ends the rest under way, or skips the next one where a round is under way. */
  wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  /** No round starts after this; resolves when the one under way is over. */
  async stop(): Promise<void> {
    this.abort.abort();
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.abort.signal.aborted) {
      this.woken = false;
      const restMs = await this.runRound();
      if (restMs > 0) await this.rest(restMs);
    }
  }

  private async runRound(): Promise<number> {
    const { name, logger, round, retryMs = 100, maxRetryMs = 5000 } = this.options;
    try {
      const restMs = await round(this.abort.signal);
      this.failures = 0;
      return restMs;
    } catch (error) {
      if (this.abort.signal.aborted) return 0;
      this.failures += 1;
      const restMs = Math.min(maxRetryMs, retryMs * 2 ** Math.min(this.failures - 1, 10));
      logger.error({ event: 'loop_round_failed', loop: name, failures: this.failures, restMs, err: error });
      return restMs * (0.75 + Math.random() / 2);
    }
  }

  private async rest(restMs: number): Promise<void> {
    if (this.woken) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, restMs);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeUp = undefined;
  }
}
