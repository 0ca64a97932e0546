import { Slots } from '@app/common/lifecycle';
import { retryDelayMs } from '../routes';
import { type PushClient, type PushOutcome } from './push-client';
import { PushServices } from './push-services';
import { type DeferredDelivery, type Delivery, type Settlement } from './subscription-store';
import { type WebPushMetrics } from './web-push.metrics';

/** Ends a ladder that a broken push service could keep going for as long as an event does not expire. */
const MAX_ATTEMPTS = 20;

/** Sends deliveries, so many at once, and says what is to be written down of each. */
export class PushSender {
  private readonly slots: Slots;
  private readonly services = new PushServices();

  constructor(
    private readonly client: PushClient,
    concurrency: number,
    private readonly metrics: WebPushMetrics,
  ) {
    this.slots = new Slots(concurrency);
  }

  async send(deliveries: readonly Delivery[]): Promise<Settlement> {
    const outcomes = await Promise.all(
      deliveries.map(async (delivery) => ({
        delivery,
        outcome: await this.slots.run(() => this.sendOne(delivery)),
      })),
    );
    const settlement = { delivered: [], gone: [], failed: [], deferred: [] };
    for (const { delivery, outcome } of outcomes) this.sort(delivery, outcome, settlement);
    return settlement;
  }

  private async sendOne({ subscription, message }: Delivery): Promise<PushOutcome | 'expired'> {
    const nowMs = Date.now();
    if (message.expiresAtMs <= nowMs) return 'expired';
    const { endpoint } = subscription;
    const pauseMs = this.services.pauseMs(endpoint, nowMs);
    if (pauseMs > 0) {
      return { kind: 'retry', error: 'the push service does not work', afterMs: pauseMs, isService: false };
    }
    const outcome = await this.client.send(subscription, message, nowMs);
    if (outcome.kind === 'retry' && outcome.isService) this.services.fails(endpoint, Date.now());
    else this.services.works(endpoint);
    return outcome;
  }

  private sort(delivery: Delivery, outcome: PushOutcome | 'expired', settlement: MutableSettlement): void {
    const settled = outcome === 'expired' ? { kind: outcome } : this.judged(delivery, outcome);
    this.metrics.sent.inc({ result: settled.kind });
    if (settled.kind === 'sent') settlement.delivered.push(delivery);
    else if (settled.kind === 'gone') settlement.gone.push(delivery);
    else if (settled.kind === 'retry') settlement.deferred.push(settled.deferred);
    else settlement.failed.push({ delivery, error: 'error' in settled ? settled.error : settled.kind });
  }

  private judged(
    delivery: Delivery,
    outcome: PushOutcome,
  ):
    | Exclude<PushOutcome, { kind: 'retry' }>
    | { readonly kind: 'expired'; readonly error: string }
    | { readonly kind: 'retry'; readonly deferred: DeferredDelivery } {
    if (outcome.kind !== 'retry') return outcome;
    const { error, afterMs = 0 } = outcome;
    // What the service asks for is the least, so that no two who were told the same come back at once.
    const delayMs = Math.max(afterMs, retryDelayMs(delivery.attempts));
    const isOver = Date.now() + delayMs >= delivery.message.expiresAtMs || delivery.attempts >= MAX_ATTEMPTS;
    return isOver ? { kind: 'expired', error } : { kind: 'retry', deferred: { ...delivery, delayMs, error } };
  }
}

type MutableSettlement = { -readonly [Key in keyof Settlement]: Settlement[Key][number][] };
