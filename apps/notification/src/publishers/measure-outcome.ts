import { type Lane } from '@app/common/contracts';
import { type Logger } from '@app/common/observability';
import { type PublishingChannel } from './channel';
import { type BatchOutcome } from './outcome';
import { type PublisherMetrics } from './publishers.metrics';

interface Measuring {
  readonly channel: PublishingChannel;
  readonly lane: Lane;
  readonly metrics: PublisherMetrics;
  readonly logger: Logger;
  readonly now?: () => number;
}

/** Ids that were still this claim's when they were settled. */
interface Settled {
  readonly done: readonly string[];
  readonly retried: readonly string[];
  readonly dead: readonly string[];
}

/** Counts what became of a batch and how long it took. */
export function measureOutcome(
  { channel: { channel }, lane, metrics, logger, now = Date.now }: Measuring,
  { published, failed }: BatchOutcome,
  { done, retried, dead }: Settled,
): void {
  metrics.routes.inc({ channel, state: 'published' }, done.length);
  metrics.routes.inc({ channel, state: 'retrying' }, retried.length);
  metrics.routes.inc({ channel, state: 'dead_lettered' }, dead.length);
  metrics.deadLetters.inc({ channel }, dead.length);
  const seconds = lane === 'urgent' ? metrics.urgentSeconds : metrics.seconds;
  const settled = done.length === published.length ? undefined : new Set(done);
  const endedAtMs = now();
  for (const { route } of published) {
    if (settled?.has(route.routeId) ?? true) {
      seconds.observe({ channel }, Math.max(0, endedAtMs - route.acceptedAtMs) / 1000);
    }
  }
  for (const { route, routeId, errorClass, error } of failed) {
    if (!dead.includes(routeId)) continue;
    const { notificationType, requestId, traceId } = route;
    logger.error({
      ...{ event: 'route_dead_lettered', routeId, channel, lane, errorClass, error },
      ...{ notificationType, requestId, traceId },
    });
  }
  const lost = published.length + failed.length - done.length - retried.length - dead.length;
  if (lost === 0) return;
  metrics.routes.inc({ channel, state: 'lease_lost' }, lost);
  logger.warn({ event: 'route_lease_lost', channel, lane, routes: lost });
}
