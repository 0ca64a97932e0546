import { type Channel } from '@app/common/contracts';

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
