import { randomUUID } from 'node:crypto';
import { describeError } from '@app/common/errors';
import { Loop } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { retryDelayMs } from '../routes';
import { type ComposedMail, type Composer } from './composer';
import { type ClaimedDelivery, type DeliveryStore, type Settlement } from './delivery-store';
import { type MailMetrics } from './mail.metrics';
import { type Smtp } from './smtp';
import { type SmtpVerdict } from './smtp-verdict';

export interface SenderOptions {
  /** Mails under way at once. */
  readonly connections: number;
  /** Longer than the sending of a mail may take. */
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly maxAttempts: number;
}

const NOTHING = { reason: undefined, delayMs: undefined, answer: undefined, suppress: [] } as const;

/**
 * Sends what is due, a few at a time. Before SMTP there is a lease, after it a row: who dies between the server's answer
 * and the row sends the mail once more, with the same Message-ID. No protocol gives more than that.
 */
export class Sender {
  readonly loop: Loop;
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly options: SenderOptions,
    private readonly store: DeliveryStore,
    private readonly composer: Composer,
    private readonly smtp: Pick<Smtp, 'send'>,
    private readonly metrics: MailMetrics,
    private readonly logger: Logger,
  ) {
    this.loop = new Loop({ name: 'mail sender', logger, round: () => this.round() });
  }

  get inFlight(): number {
    return this.underWay.size;
  }

  /** Resolves when no mail is under way any more. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  private async round(): Promise<number> {
    const { connections, leaseMs, pollMs } = this.options;
    const free = connections - this.underWay.size;
    const claimed = free > 0 ? await this.store.claim(free, randomUUID(), leaseMs) : [];
    for (const delivery of claimed) this.start(delivery);
    // Whoever is done wakes the loop.
    return pollMs * (0.75 + Math.random() / 2);
  }

  private start(delivery: ClaimedDelivery): void {
    const work = this.deliver(delivery)
      .catch((error: unknown) => {
        // The lease ends by itself, and the next one tries again.
        this.logger.error({
          event: 'mail_not_settled',
          deliveryId: loggable(delivery.deliveryId),
          err: error,
        });
      })
      .finally(() => {
        this.underWay.delete(work);
        this.loop.wake();
      });
    this.underWay.add(work);
  }

  private async deliver(delivery: ClaimedDelivery): Promise<void> {
    const settlement = await this.attempt(delivery);
    const isOurs = await this.store.settle(delivery, settlement);
    this.report(delivery, settlement, isOurs);
  }

  private async attempt(delivery: ClaimedDelivery): Promise<Settlement> {
    const { expiresAtMs, accepted, refused } = delivery;
    const so = { ...NOTHING, accepted, refused };
    if (expiresAtMs !== undefined && expiresAtMs <= Date.now()) {
      return { ...so, state: accepted.length > 0 ? 'sent' : 'expired', reason: 'expired' };
    }
    const mail = this.compose(delivery);
    if ('mistake' in mail) {
      return {
        ...so,
        state: 'failed',
        reason: 'command_unfit',
        answer: { code: undefined, text: mail.mistake },
      };
    }
    const remaining = await this.remaining(mail.envelope.to, delivery);
    if (remaining.length === 0) {
      return accepted.length > 0
        ? { ...so, state: 'sent' }
        : { ...so, state: 'suppressed', reason: 'address_suppressed' };
    }
    const startedAt = performance.now();
    const verdict = await this.smtp.send({ ...mail, envelope: { ...mail.envelope, to: remaining } });
    this.metrics.smtpSeconds.observe((performance.now() - startedAt) / 1000);
    return this.settlementOf(delivery, verdict);
  }

  private compose(delivery: ClaimedDelivery): ComposedMail | { mistake: string } {
    try {
      return this.composer.compose(delivery);
    } catch (error) {
      return { mistake: describeError(error) };
    }
  }

  private async remaining(recipients: readonly string[], delivery: ClaimedDelivery): Promise<string[]> {
    const done = new Set([...delivery.accepted, ...delivery.refused]);
    const open = recipients.filter((address) => !done.has(address));
    const suppressed = await this.store.suppressed(open);
    return open.filter((address) => !suppressed.has(address.toLowerCase()));
  }

  private settlementOf(delivery: ClaimedDelivery, verdict: SmtpVerdict): Settlement {
    const { accepted, refused, attempts } = delivery;
    const so = { ...NOTHING, accepted, refused, answer: verdict.answer };
    const later = { ...so, state: 'retrying', delayMs: retryDelayMs(attempts) } as const;
    switch (verdict.kind) {
      case 'outage':
        // Not the mail's failure: it waits for the server as long as it is worth reading.
        return { ...later, reason: 'smtp_outage' };
      case 'temporary':
        return this.isExhausted(delivery)
          ? { ...so, state: 'failed', reason: 'attempts_exhausted' }
          : { ...later, reason: 'smtp_temporary' };
      case 'permanent':
        return { ...so, state: 'failed', reason: 'smtp_permanent' };
      case 'answered':
        return this.settlementOfAnswer(delivery, verdict);
    }
  }

  private settlementOfAnswer(
    delivery: ClaimedDelivery,
    { answer, accepted, refused }: Extract<SmtpVerdict, { kind: 'answered' }>,
  ): Settlement {
    const allAccepted = [...delivery.accepted, ...accepted];
    const permanent = refused.filter(({ isPermanent }) => isPermanent);
    const so = {
      ...{ ...NOTHING, answer, accepted: allAccepted },
      refused: [...delivery.refused, ...permanent.map(({ address }) => address)],
      suppress: permanent.filter(({ isDead }) => isDead),
    };
    if (permanent.length < refused.length && !this.isExhausted(delivery)) {
      return { ...so, state: 'retrying', reason: 'smtp_temporary', delayMs: retryDelayMs(delivery.attempts) };
    }
    if (allAccepted.length > 0) return { ...so, state: 'sent' };
    const reason = permanent.length < refused.length ? 'attempts_exhausted' : 'recipient_refused';
    return { ...so, state: 'failed', reason };
  }

  private isExhausted({ attempts }: ClaimedDelivery): boolean {
    return attempts >= this.options.maxAttempts;
  }

  private report(
    delivery: ClaimedDelivery,
    { state, reason, answer, suppress }: Settlement,
    isOurs: boolean,
  ): void {
    const { acceptedAtMs, attempts } = delivery;
    const deliveryId = loggable(delivery.deliveryId);
    this.metrics.suppressed.inc(suppress.length);
    this.metrics.deliveries.inc({ state: isOurs ? state : 'lease_lost' });
    if (!isOurs) return this.logger.warn({ event: 'mail_lease_lost', deliveryId, state });
    if (state === 'sent') return this.metrics.seconds.observe((Date.now() - acceptedAtMs) / 1000);
    const level = state === 'failed' ? 'error' : 'warn';
    // The server's words name addresses: they are in the row.
    this.logger[level]({ event: `mail_${state}`, deliveryId, reason, attempts, smtpCode: answer?.code });
  }
}

/** Ids of mails to administrators end in their addresses, which are in no log. */
function loggable(deliveryId: string): string {
  return deliveryId.replace(/[^:\s]*@\S*/, '…@…');
}
