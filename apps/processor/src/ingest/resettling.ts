import { shardOf, shardOfLease } from '@app/common/contracts';
import { isOutage } from '@app/common/database';
import { hasCode } from '@app/common/errors';
import { type Ownership } from '@app/common/leases';
import { type Logger, maskImei } from '@app/common/observability';
import { type ResettlingDevice, type SinkService } from '../sink';

export interface ResettlingParts {
  readonly sink: SinkService;
  readonly ownership: Ownership;
  readonly shards: number;
  readonly logger: Logger;
}

/** Longest that a device waits whose history is to be folded again. */
const REST_MS = 500;

/**
 * Works off what late records and operators have left to be folded again, beside the lanes: a slice of each device in
 * turn, each in a transaction of its own under the lease of the device's shard.
 */
export class Resettling {
  private after = 0n;

  constructor(private readonly parts: ResettlingParts) {}

  /** Resolves to how long to rest. */
  async round(signal: AbortSignal): Promise<number> {
    const { sink, ownership, shards } = this.parts;
    const owned = new Set(ownership.usable().map(({ name }) => shardOfLease(name)));
    if (owned.size === 0) return REST_MS;
    const { devices, last } = await sink.resettlingDevices(this.after);
    // In turns over all of them, however many other processes' devices lie in between.
    this.after = last ?? 0n;
    const mine = devices.filter(({ imei }) => owned.has(shardOf(imei, shards)));
    if (last === undefined) sink.countResettling(mine.length);
    let isResting = mine.length === 0 && last === undefined;
    for (const device of mine) {
      if (signal.aborted) break;
      if (!(await this.settle(device))) isResting = true;
    }
    return isResting ? REST_MS : 0;
  }

  /** Resolves to whether it may go on at once. */
  private async settle(device: ResettlingDevice): Promise<boolean> {
    const { sink, ownership, shards, logger } = this.parts;
    const shard = shardOf(device.imei, shards);
    const leases = ownership.usable().filter(({ name }) => shardOfLease(name) === shard);
    try {
      await ownership.use(leases, async (usable) => {
        if (usable.length === 0) return;
        await sink.settleOn(device, (transaction) => ownership.protect(transaction, usable));
      });
      return true;
    } catch (error) {
      if (isOutage(error)) throw error;
      // The others must not wait for one that fails; this one's turn comes again.
      if (!hasCode(error, 'LEASE_LOST'))
        logger.error({ event: 'device_not_resettled', imei: maskImei(device.imei), err: error });
      return false;
    }
  }
}
