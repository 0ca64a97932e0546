import { TELEMETRY_LIVE } from '@app/common/contracts';
import { RedisStreams, text, type StreamEntry } from '@app/common/streams';

export interface LiveSighting {
  readonly imei: string;
  readonly timeMs: number;
  readonly seenAtMs: number;
}

/** Reads `telemetry:live` as a gateway does and notes when each position was seen. */
export class LiveWatch {
  private readonly abort = new AbortController();
  private sightings: LiveSighting[] = [];
  private running: Promise<void> = Promise.resolve();

  private constructor(private readonly streams: RedisStreams) {}

  static async start(url: string): Promise<LiveWatch> {
    const streams = new RedisStreams({
      ...{ url, fsync: 'always', waitReplicas: 0, startupTimeoutMs: 5_000 },
    });
    await streams.start();
    const watch = new LiveWatch(streams);
    watch.running = watch.follow();
    return watch;
  }

  /** Those since the last call. */
  take(): readonly LiveSighting[] {
    const taken = this.sightings;
    this.sightings = [];
    return taken;
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.running;
    await this.streams.close();
  }

  private async follow(): Promise<void> {
    const { signal } = this.abort;
    let last = (await this.streams.lastIds([TELEMETRY_LIVE])).get(TELEMETRY_LIVE) ?? '0-0';
    while (!signal.aborted) {
      await this.streams.waitForEntries(new Map([[TELEMETRY_LIVE, last]]), 500, signal);
      const seenAtMs = Date.now();
      const entries = await this.streams.range(TELEMETRY_LIVE, `(${last}`, '+', 10_000);
      for (const entry of entries) this.note(entry, seenAtMs);
      last = entries.at(-1)?.id ?? last;
    }
  }

  private note(entry: StreamEntry, seenAtMs: number): void {
    if (text(entry, 'type') !== 'position') return;
    this.sightings.push({
      imei: text(entry, 'imei') ?? '',
      timeMs: Number(text(entry, 'time_ms')),
      seenAtMs,
    });
  }
}
