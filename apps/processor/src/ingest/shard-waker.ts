import { Loop } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type OwnedStreams } from '@app/common/streams';

export interface ShardWakerParts {
  readonly streams: OwnedStreams;
  /** Streams of the shards that are owned right now. */
  readonly owned: () => readonly string[];
  readonly wake: () => void;
  readonly logger: Logger;
}

const WAIT_MS = 5000;
const NOTHING_OWNED_MS = 1000;

/** One wait over all owned shards wakes the lanes; a look at each of them every few milliseconds would cost far more. */
export class ShardWaker {
  private readonly loop: Loop;
  private change = new AbortController();

  constructor(private readonly parts: ShardWakerParts) {
    this.loop = new Loop({
      name: 'ingest waker',
      logger: parts.logger,
      round: (signal) => this.round(signal),
    });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Other shards are owned than before. */
  changed(): void {
    this.change.abort();
    this.loop.wake();
  }

  private async round(signal: AbortSignal): Promise<number> {
    const { streams, owned, wake } = this.parts;
    this.change = new AbortController();
    const ended = AbortSignal.any([signal, this.change.signal]);
    const names = owned();
    if (names.length === 0) return NOTHING_OWNED_MS;
    const lastIds = await streams.lastIds(names);
    // What lies before these ids ends no wait.
    wake();
    while (!ended.aborted) {
      const grown = await streams.waitForEntries(lastIds, WAIT_MS, ended);
      for (const [stream, id] of grown) lastIds.set(stream, id);
      if (grown.size > 0) wake();
    }
    return 0;
  }
}
