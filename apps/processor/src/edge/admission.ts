import {
  DEVICE_REGISTRY,
  registeredDeviceSchema,
  type RegisteredDevice,
  type UnknownDevicePolicy,
} from '@app/common/contracts';
import { describeError } from '@app/common/errors';
import { maskImei, type Logger } from '@app/common/observability';
import { type Projections } from '@app/common/streams';
import { BoundedMap } from './bounded-map';

/** accepted: frames go to ingest. quarantined: they are kept as dead letters. Both are acked; the others get no data. */
export type Verdict = 'accepted' | 'quarantined' | 'unknown' | 'disabled' | 'not-ready';

/** What the registry says of an IMEI. */
export type Standing = 'enabled' | 'disabled' | 'unknown' | 'not-ready';

/** Unknown IMEIs that are remembered; strangers choose them. */
const MAX_UNKNOWN = 10_000;

/** Says what may become of a device's frames, by the registry that ingest projects into the store. */
export class Admission {
  private readonly unknownUntilMs = new BoundedMap<string, number>(MAX_UNKNOWN);

  /** @param rememberMs how long an IMEI that the registry did not hold is not looked up again. */
  constructor(
    private readonly registry: Pick<Projections, 'readProjection'>,
    private readonly policy: UnknownDevicePolicy,
    private readonly logger: Logger,
    private readonly rememberMs: number,
  ) {}

  /** `not-ready` where the registry cannot be read or is not whole: then a missing device says nothing. Never rejects. */
  async judge(imei: string): Promise<Verdict> {
    const standing = await this.lookUp(imei);
    if (standing === 'unknown') return this.judgeUnknown();
    return standing === 'enabled' ? 'accepted' : standing;
  }

  /** What the registry says, whatever the policy for unknown devices. Never rejects. */
  async lookUp(imei: string): Promise<Standing> {
    const nowMs = Date.now();
    if ((this.unknownUntilMs.get(imei) ?? 0) > nowMs) return 'unknown';
    try {
      const { complete, value } = await this.registry.readProjection(DEVICE_REGISTRY, imei);
      if (!complete) return 'not-ready';
      if (value !== undefined) return this.parse(value).enabled ? 'enabled' : 'disabled';
      this.unknownUntilMs.set(imei, nowMs + this.rememberMs);
      return 'unknown';
    } catch (error) {
      this.logger.warn({
        event: 'edge_registry_unreadable',
        imei: maskImei(imei),
        reason: describeError(error),
      });
      return 'not-ready';
    }
  }

  private judgeUnknown(): Verdict {
    if (this.policy === 'reject') return 'unknown';
    return this.policy === 'enroll' ? 'accepted' : 'quarantined';
  }

  private parse(value: string): RegisteredDevice {
    const json: unknown = JSON.parse(value);
    return registeredDeviceSchema.parse(json);
  }
}
