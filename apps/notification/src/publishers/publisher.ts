import { randomUUID } from 'node:crypto';
import { type Lane } from '@app/common/contracts';
import { describeError } from '@app/common/errors';
import { Loop } from '@app/common/lifecycle';
import { fault, type Logger } from '@app/common/observability';
import { type Fields, type SinkPublisher } from '@app/common/streams';
import {
  type Admitted,
  type Claim,
  type ClaimedRoute,
  type Judging,
  retryDelayMs,
  type RouteStore,
  type Settlements,
} from '../routes';
import { type PublishingChannel } from './channel';
import { ChannelSink, isSinkTrouble, SinkBehind } from './channel-sink';
import { BatchOutcome } from './outcome';
import { type PublisherMetrics } from './publishers.metrics';
import { measureOutcome } from './measure-outcome';
import { type SinkGuard } from './sink-guard';

export interface PublisherOptions {
  readonly channel: PublishingChannel;
  readonly lane: Lane;
  readonly store: RouteStore;
  readonly settlements: Settlements;
  readonly judging: Judging;
  readonly sinks: Pick<SinkPublisher, 'publishToSink'>;
  readonly guard: Pick<SinkGuard, 'isOpen' | 'trip' | 'onClosed'>;
  readonly batch: number;
  readonly leaseMs: number;
  readonly pollMs: number;
  /** How long the target stream remembers a route. */
  readonly windowMs: number;
  readonly metrics: PublisherMetrics;
  readonly logger: Logger;
  readonly now?: () => number;
}

/** A claim, and the token that its routes are held by. */
interface Held {
  readonly token: string;
  readonly claim: Claim;
  /** It looked behind the last tenant only: those in front of it have not been asked yet. */
  readonly isRest: boolean;
}

const mayHaveMore = ({ claim, isRest }: Held): boolean =>
  claim.routes.length > 0 || isRest || claim.lastTenant !== '';

/** Rest of routes that were given back. */
const RETURNED_REST_MS = 1000;

/**
 * Publishes one lane of one channel: claims due routes under a token, has them judged, adds each to the target stream
 * once, then writes down what became of it. Publishers share nothing but the breaker of their channel's stream, so that
 * one stream's outage does not touch the other and nothing urgent stands behind what is not.
 */
export class Publisher {
  readonly loop: Loop;
  private afterTenant = '';
  private ahead: Promise<Held> | undefined;

  constructor(private readonly options: PublisherOptions) {
    const { channel, lane, logger, guard } = options;
    this.loop = new Loop({
      name: `${channel.channel} ${lane} publisher`,
      logger,
      round: (signal) => this.round(signal),
    });
    guard.onClosed(() => this.loop.wake());
  }

  /** Ends between batches; one that is claimed already is published, since nobody else may for the length of a lease. */
  async stop(): Promise<void> {
    await this.loop.stop();
    try {
      const held = await this.ahead;
      if (held !== undefined) await this.publishHeld(held);
    } catch (error) {
      this.options.logger.warn({ event: 'routes_left', err: error });
    }
    this.ahead = undefined;
  }

  /** Claims the routes that are due, up to a batch, and publishes them; resolves to whether there may be more. */
  async publishDue(): Promise<boolean> {
    const held = await this.claimDue();
    await this.publishHeld(held);
    return mayHaveMore(held);
  }

  private async round(signal: AbortSignal): Promise<number> {
    const { guard, pollMs } = this.options;
    const isAhead = this.ahead !== undefined;
    if (isAhead || !guard.isOpen) {
      const next = this.ahead ?? this.claimDue();
      this.ahead = undefined;
      const held = await next;
      await this.publishHeld(held, () => this.claimAhead(signal));
      // Routes that came after a claim ahead have woken the round before this one.
      if (isAhead || mayHaveMore(held)) return 0;
    }
    return pollMs * (0.75 + Math.random() / 2);
  }

  private async claimDue(): Promise<Held> {
    const { store, channel, lane, batch: limit, leaseMs } = this.options;
    const token = randomUUID();
    const isRest = this.afterTenant !== '';
    const claim = await store.claim({
      ...{ channel: channel.channel, lane, stream: channel.stream, limit, token, leaseMs },
      afterTenant: this.afterTenant,
    });
    this.afterTenant = claim.lastTenant;
    if (claim.routes.length > 0) fault('publishers.after-claim');
    return { token, claim, isRest };
  }

  /** What came meanwhile is claimed while what became of this batch is written down. */
  private claimAhead(signal: AbortSignal): void {
    if (this.options.guard.isOpen || signal.aborted) return;
    this.ahead = this.claimDue();
    // Whoever takes it is told of its failure; until then it must not count as unhandled.
    this.ahead.catch(() => undefined);
  }

  private async publishHeld({ token, claim }: Held, delivered = (): void => undefined): Promise<void> {
    if (claim.routes.length === 0) return;
    const { sinks, channel, windowMs, guard } = this.options;
    const outcome = new BatchOutcome(channel.publishErrorClass);
    const sink = new ChannelSink(sinks, { stream: channel.stream, windowMs }, claim.acknowledged);
    try {
      await this.deliver(token, sink, claim.routes, outcome);
    } catch (error) {
      if (!isSinkTrouble(error)) throw error;
      guard.trip();
      await this.giveBack(token, claim.routes, error);
      return;
    }
    delivered();
    await this.settle(token, sink, outcome);
  }

  /** From claimed routes to answers. What the judging settles has no answer, and what it gave back neither. */
  private async deliver(
    token: string,
    sink: ChannelSink,
    routes: readonly ClaimedRoute[],
    outcome: BatchOutcome,
  ): Promise<void> {
    const open = await this.seal(sink, routes, outcome);
    if (open.length === 0) return;
    const { publish } = await this.options.judging.decide(token, open);
    fault('publishers.after-judging');
    // By event time: a claim returns them in no order, and a person reads enter before exit.
    const messages = publish
      .toSorted((a, b) => a.route.occurredAtMs - b.route.occurredAtMs)
      .flatMap((admitted) => this.encode(admitted, outcome));
    if (messages.length === 0) return;
    const answers = await sink.publish(messages);
    fault('publishers.after-publish');
    messages.forEach(({ route }, i) => outcome.answer(route, answers[i]));
  }

  /**
   * Shuts out the calls of earlier holders, so that a route can be settled without publishing from here on. Returns the
   * routes that are still to be decided about.
   */
  private async seal(
    sink: ChannelSink,
    routes: readonly ClaimedRoute[],
    outcome: BatchOutcome,
  ): Promise<readonly ClaimedRoute[]> {
    const inDoubt = routes.filter((route) => route.inDoubt);
    if (inDoubt.length === 0) return routes;
    const answers = await sink.seal(inDoubt);
    fault('publishers.after-seal');
    const done = new Set(inDoubt.filter((route, i) => outcome.answer(route, answers[i])));
    for (const route of inDoubt) {
      if (done.has(route) || route.attempts <= route.maxAttempts) continue;
      outcome.exhausted(route);
      done.add(route);
    }
    return routes.filter((route) => !done.has(route));
  }

  private encode(
    { route, fold }: Admitted,
    outcome: BatchOutcome,
  ): { readonly route: ClaimedRoute; readonly fields: Fields }[] {
    const { channel, now = Date.now } = this.options;
    try {
      return [{ route, fields: channel.encode(route, now(), fold) }];
    } catch (error) {
      outcome.encodingFailed(route, describeError(error));
      return [];
    }
  }

  private async settle(token: string, sink: ChannelSink, outcome: BatchOutcome): Promise<void> {
    const { settlements, guard } = this.options;
    const { published, failed, stale } = outcome;
    const { acknowledgement } = sink;
    const completed =
      acknowledgement === undefined
        ? undefined
        : await settlements.complete(
            token,
            published.map(({ route: { routeId }, entryId }) => ({ routeId, entryId })),
            acknowledgement,
          );
    const retried = await settlements.retry(
      token,
      failed
        .filter(({ isFinal }) => !isFinal)
        .map((failure) => ({ ...failure, delayMs: retryDelayMs(failure.route.attempts) })),
    );
    const dead = await settlements.deadLetter(
      token,
      failed.filter(({ isFinal }) => isFinal),
    );
    if (completed?.kind === 'sink_lost') {
      guard.trip();
      const lost = new SinkBehind(`${acknowledgement?.stream} has lost what was published before`);
      await this.giveBack(token, [...published.map(({ route }) => route), ...stale], lost);
    } else if (stale.length > 0) {
      await this.giveBack(token, stale, new Error('a later claim was at the target stream already'));
    }
    const done = completed?.kind === 'settled' ? completed.routeIds : [];
    measureOutcome(this.options, outcome, { done, retried, dead });
  }

  private async giveBack(token: string, routes: readonly ClaimedRoute[], cause: unknown): Promise<void> {
    const { settlements, channel, metrics, logger } = this.options;
    const returned = await settlements.returnUnspent(token, routes, {
      delayMs: RETURNED_REST_MS,
      reason: cause instanceof SinkBehind ? 'sink_behind' : 'sink_unavailable',
      error: describeError(cause),
    });
    metrics.routes.inc({ channel: channel.channel, state: 'returned' }, returned.length);
    logger.warn({
      event: 'routes_returned',
      channel: channel.channel,
      routes: returned.length,
      err: cause,
    });
  }
}
