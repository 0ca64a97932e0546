import { randomUUID } from 'node:crypto';
import { describeError } from '@app/common/errors';
import { Loop } from '@app/common/lifecycle';
import { fault, type Logger } from '@app/common/observability';
import { type Fields, type OncePublisher } from '@app/common/streams';
import { type ClaimedRoute, retryDelayMs, type RouteStore } from '../routes';
import { type PublishingChannel } from './channel';
import { type PublisherMetrics } from './publishers.metrics';

export interface PublisherOptions {
  readonly channel: PublishingChannel;
  readonly store: RouteStore;
  readonly streams: OncePublisher;
  readonly batch: number;
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly metrics: PublisherMetrics;
  readonly logger: Logger;
}

/** How long a route id is remembered in its stream's slot; longer than a route can live on its ladder. */
const DEDUPE_WINDOW_MS = 48 * 3_600_000;
/** Rest of routes whose sink does not answer. */
const OUTAGE_REST_MS = 1000;

interface Failure {
  readonly route: ClaimedRoute;
  readonly errorClass: string;
  readonly error: string;
  readonly permanent: boolean;
}

/**
 * Publishes the routes of one channel: claims due ones under a token, adds each to its stream once, then writes down
 * what became of it. The channels share nothing, so that one sink's outage does not touch the other.
 */
export class Publisher {
  readonly loop: Loop;

  constructor(private readonly options: PublisherOptions) {
    this.loop = new Loop({
      name: `${options.channel.channel} publisher`,
      logger: options.logger,
      round: () => this.round(),
    });
  }

  /** Claims the routes that are due, up to a batch, and publishes them; resolves to how many there were. */
  async publishDue(): Promise<number> {
    const { store, channel, batch, leaseMs } = this.options;
    const token = randomUUID();
    const routes = await store.claim(channel.channel, batch, token, leaseMs);
    if (routes.length === 0) return 0;
    fault('publishers.after-claim');
    await this.publish(token, routes);
    return routes.length;
  }

  private async round(): Promise<number> {
    const { batch, pollMs } = this.options;
    const published = await this.publishDue();
    return published === batch ? 0 : pollMs * (0.75 + Math.random() / 2);
  }

  private async publish(token: string, routes: readonly ClaimedRoute[]): Promise<void> {
    const failures: Failure[] = [];
    // By event time: RETURNING gives them in no order, and a person reads enter before exit.
    const ordered = [...routes].sort((a, b) => a.occurredAtMs - b.occurredAtMs);
    const encoded = ordered.flatMap((route) => this.encode(route, failures));
    let answers;
    try {
      answers = await this.options.streams.publishOnce({
        stream: this.options.channel.stream,
        windowMs: DEDUPE_WINDOW_MS,
        messages: encoded.map(({ route, fields }) => ({ dedupeId: route.routeId, fields })),
      });
    } catch (error) {
      await this.options.store.returnUnspent(
        token,
        routes.map(({ routeId }) => routeId),
        OUTAGE_REST_MS,
        describeError(error),
      );
      throw error;
    }
    fault('publishers.after-publish');
    const published: { route: ClaimedRoute; entryId: string }[] = [];
    encoded.forEach(({ route }, i) => {
      const answer = answers[i];
      if (answer === undefined) throw new Error('the sink answered for fewer routes than it was given');
      if ('entryId' in answer) published.push({ route, entryId: answer.entryId });
      else failures.push(this.failureOf(route, answer.error));
    });
    await this.settle(token, published, failures);
  }

  private encode(route: ClaimedRoute, failures: Failure[]): { route: ClaimedRoute; fields: Fields }[] {
    try {
      return [{ route, fields: this.options.channel.encode(route, Date.now()) }];
    } catch (error) {
      failures.push({
        route,
        errorClass: 'payload_encoding_failed',
        error: describeError(error),
        permanent: true,
      });
      return [];
    }
  }

  private failureOf(route: ClaimedRoute, error: string): Failure {
    const exhausted = route.attempts >= route.maxAttempts;
    return { route, errorClass: this.options.channel.publishErrorClass, error, permanent: exhausted };
  }

  private async settle(
    token: string,
    published: readonly { route: ClaimedRoute; entryId: string }[],
    failures: readonly Failure[],
  ): Promise<void> {
    const { store } = this.options;
    const done = await store.complete(
      token,
      published.map(({ route, entryId }) => ({ routeId: route.routeId, entryId })),
    );
    const retried = await store.retry(
      token,
      failures
        .filter(({ permanent }) => !permanent)
        .map(({ route, error }) => ({
          routeId: route.routeId,
          error,
          delayMs: retryDelayMs(route.attempts),
        })),
    );
    const dead = await store.deadLetter(
      token,
      failures
        .filter(({ permanent }) => permanent)
        .map(({ route, error, errorClass }) => ({ routeId: route.routeId, error, errorClass })),
    );
    this.measure(published, { done, retried, dead }, published.length + failures.length);
  }

  private measure(
    published: readonly { route: ClaimedRoute }[],
    settled: Readonly<Record<'done' | 'retried' | 'dead', readonly string[]>>,
    claimed: number,
  ): void {
    const { metrics, logger } = this.options;
    const { channel } = this.options.channel;
    const { done, retried, dead } = settled;
    metrics.routes.inc({ channel, state: 'published' }, done.length);
    metrics.routes.inc({ channel, state: 'retrying' }, retried.length);
    metrics.routes.inc({ channel, state: 'dead_lettered' }, dead.length);
    metrics.deadLetters.inc({ channel }, dead.length);
    const now = Date.now();
    for (const { route } of published)
      metrics.seconds.observe({ channel }, (now - route.acceptedAtMs) / 1000);
    for (const routeId of dead) logger.error({ event: 'route_dead_lettered', routeId });
    const lost = claimed - done.length - retried.length - dead.length;
    if (lost > 0) {
      metrics.routes.inc({ channel, state: 'lease_lost' }, lost);
      logger.warn({ event: 'route_lease_lost', channel, routes: lost });
    }
  }
}
