import { type Channel, type Lane } from '@app/common/contracts';

/** A route that this instance holds for publishing, with what its record says. */
export interface ClaimedRoute {
  readonly routeId: string;
  readonly notificationId: string;
  readonly tenantId: string;
  readonly channel: Channel;
  readonly lane: Lane;
  readonly recipient: string;
  readonly address: string | undefined;
  readonly locale: string;
  /** IANA zone of the recipient. */
  readonly timezone: string;
  /** metric or imperial */
  readonly units: string;
  readonly collapseKey: string | undefined;
  readonly foldKey: string | undefined;
  /** When digest, gathering and throttle have let it through. */
  readonly admittedAtMs: number | undefined;
  readonly attempts: number;
  readonly maxAttempts: number;
  /**
   * The fencing number of this claim for the sink: microseconds since 1970 of the database's clock, by which leases end
   * and attempts fall due, so that a later claim of the same route has a higher one.
   */
  readonly claimedAtUs: number;
  /**
   * An earlier holder may have a call under way that nobody knows the end of: before it is settled without publishing,
   * the sink has to refuse that call.
   */
  readonly inDoubt: boolean;
  readonly notificationType: string;
  readonly idempotencyKey: string;
  readonly subject: string;
  readonly payloadJson: string;
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;
  readonly traceparent: string;
  readonly occurredAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly acceptedAtMs: number;
}
