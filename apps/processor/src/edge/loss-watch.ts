import { CONTRACT_VERSION, TELEMETRY_LOSSES } from '@app/common/contracts';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger, maskImei } from '@app/common/observability';
import { type StreamAppender, type StreamInspector } from '@app/common/streams';
import { type GivenIds } from './given-ids';

export interface LossWatchParts {
  readonly streams: Pick<StreamInspector, 'boot' | 'findLost'> & Pick<StreamAppender, 'append'>;
  readonly given: GivenIds;
  readonly instance: string;
  readonly onLost: (devices: number) => void;
  readonly logger: Logger;
}

const LOOK_EVERY_MS = 2000;
const PRUNE_EVERY_LOOKS = 300;

/**
 * Looks, whenever another run of the store answers than before, whether it still holds what devices have acks for. What
 * it lost is named by device: in the log, and for whoever has a database, in TELEMETRY_LOSSES.
 */
export class LossWatch implements Service {
  readonly name = 'edge loss watch';
  readonly stage = 'work';
  private readonly loop: Loop;
  private boot: string | undefined;
  private looks = 0;

  constructor(private readonly parts: LossWatchParts) {
    this.loop = new Loop({ name: this.name, logger: parts.logger, round: () => this.look() });
  }

  async start(): Promise<void> {
    this.boot = await this.parts.streams.boot();
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<number> {
    const { streams, given } = this.parts;
    const boot = await streams.boot();
    if (boot !== this.boot) {
      for (const [stream, ids] of given.streams) await this.compare(stream, ids);
      // Only now: what was interrupted is done again.
      this.boot = boot;
    }
    this.looks += 1;
    if (this.looks % PRUNE_EVERY_LOOKS === 0) given.prune();
    return LOOK_EVERY_MS;
  }

  private async compare(stream: string, ids: ReadonlyMap<string, string>): Promise<void> {
    const { streams, instance, logger, onLost } = this.parts;
    const lost = await streams.findLost(stream, [...ids.values()]);
    const devices = [...ids].filter(([, id]) => lost.has(id));
    for (const [imei, lastId] of devices) {
      const loss = { stream, after_id: lost.get(lastId) ?? '0-0', last_id: lastId, reported_by: instance };
      await streams.append(TELEMETRY_LOSSES, { v: CONTRACT_VERSION, imei, ...loss });
      logger.error({ event: 'acked_entries_lost', code: 'STREAM_BEHIND', device: maskImei(imei), ...loss });
    }
    if (devices.length > 0) onLost(devices.length);
  }
}
