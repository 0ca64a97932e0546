import { OdographError } from '@app/common/errors';
import { type Logger } from '@app/common/observability';
import { type StoreMemory } from '@app/common/streams';

/** Above it the edge takes nothing more, so that the dead letters and acks behind it still fit into the store. */
const FULL_SHARE = 0.75;
/** Weight of the newest append in the moving average. */
const AVERAGE_WEIGHT = 0.1;

/**
 * What the edge knows of its store: whether it takes frames, how fast, and whether it is nearly full. One log line for
 * an outage, not one for each device that waits.
 */
export class StoreWatch {
  private failure: unknown;
  private memory: StoreMemory | undefined;
  private averageMs = 0;

  constructor(private readonly logger: Logger) {}

  get isFailing(): boolean {
    return this.failure !== undefined;
  }

  /** Moving average over the latest appends. */
  get appendMs(): number {
    return this.averageMs;
  }

  /** Share of the store's memory limit in use; 0 where it has none. */
  get usedShare(): number {
    const { usedBytes, maxBytes } = this.memory ?? { usedBytes: 0, maxBytes: 0 };
    return maxBytes === 0 ? 0 : usedBytes / maxBytes;
  }

  get isFull(): boolean {
    return this.usedShare >= FULL_SHARE;
  }

  observe(memory: StoreMemory): void {
    const wasFull = this.isFull;
    this.memory = memory;
    if (wasFull === this.isFull) return;
    if (this.isFull) this.logger.error({ event: 'edge_store_full', ...memory });
    else this.logger.info({ event: 'edge_store_has_room', ...memory });
  }

  /** Set where the store must take nothing more: OdographError STREAM_REFUSED. */
  get noRoom(): OdographError | undefined {
    if (!this.isFull) return undefined;
    const percent = Math.round(this.usedShare * 100);
    return new OdographError('STREAM_REFUSED', { detail: `${percent}% of its memory is in use` });
  }

  /** Runs one write to the store. @throws OdographError what the write throws; STREAM_REFUSED where there is no room. */
  async run(write: () => Promise<unknown>): Promise<void> {
    const { noRoom } = this;
    if (noRoom !== undefined) throw noRoom;
    const startedAt = performance.now();
    try {
      await write();
      this.succeeded(startedAt);
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  /** A write was answered that began then, by the monotonic clock. */
  succeeded(startedAt: number): void {
    if (this.isFailing) this.logger.info({ event: 'edge_store_back' });
    this.failure = undefined;
    const tookMs = performance.now() - startedAt;
    this.averageMs += (tookMs - this.averageMs) * AVERAGE_WEIGHT;
  }

  failed(error: unknown): void {
    if (!this.isFailing) this.logger.error({ event: 'edge_store_down', err: error });
    this.failure = error;
  }
}
