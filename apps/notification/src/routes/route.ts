import { type Channel } from '@app/common/contracts';

/** A route as it is planned when its record is accepted. */
export interface RouteDraft {
  readonly routeId: string;
  readonly notificationId: string;
  readonly tenantId: string;
  readonly channel: Channel;
  /** User id. */
  readonly recipient: string;
  /** Mail address; none for push and for a recipient that nobody knows. */
  readonly address: string | undefined;
  readonly locale: string;
  /** Why it is not to be published at all; undefined for one that is. */
  readonly skipReason: string | undefined;
  readonly maxAttempts: number;
}

/** A route that this instance holds for publishing, with what its record says. */
export interface ClaimedRoute {
  readonly routeId: string;
  readonly notificationId: string;
  readonly channel: Channel;
  readonly recipient: string;
  readonly address: string | undefined;
  readonly locale: string;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly notificationType: string;
  readonly idempotencyKey: string;
  readonly payloadJson: string;
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;
  readonly traceparent: string;
  readonly occurredAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly acceptedAtMs: number;
}
