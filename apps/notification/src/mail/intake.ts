import { MAIL_SENDER_GROUP } from '@app/common/contracts';
import { Loop } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type StreamEntry, type Streams, textFields } from '@app/common/streams';
import { draftOf } from './command';
import { type DeliveryStore } from './delivery-store';
import { type MailMetrics } from './mail.metrics';

export interface IntakeOptions {
  readonly stream: string;
  readonly consumer: string;
  readonly claimThresholdMs: number;
  /** Of Message-IDs. */
  readonly domain: string;
}

const BATCH = 200;
const READ_BLOCK_MS = 1000;
const CLAIM_INTERVAL_MS = 5000;

/** Takes commands in: reads through the group, writes rows, then acknowledges. The same command again changes nothing. */
export class Intake {
  private readonly stopping = new AbortController();
  private readonly reader: Loop;
  private readonly claimer: Loop;

  constructor(
    private readonly options: IntakeOptions,
    private readonly streams: Streams,
    private readonly store: DeliveryStore,
    private readonly metrics: MailMetrics,
    private readonly logger: Logger,
    private readonly onTaken: () => void,
  ) {
    this.reader = new Loop({ name: 'mail reader', logger, round: () => this.read() });
    this.claimer = new Loop({ name: 'mail claimer', logger, round: () => this.claim() });
  }

  async start(): Promise<void> {
    await this.streams.ensureGroup(this.options.stream, MAIL_SENDER_GROUP);
    this.claimer.start();
    this.reader.start();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([this.reader.stop(), this.claimer.stop()]);
  }

  private async read(): Promise<number> {
    const { stream, consumer } = this.options;
    const entries = await this.streams.readGroup({
      ...{ stream, consumer, group: MAIL_SENDER_GROUP, count: BATCH },
      ...{ blockMs: READ_BLOCK_MS, signal: this.stopping.signal },
    });
    await this.take(entries);
    return 0;
  }

  /** What an instance left behind is taken over by another. */
  private async claim(): Promise<number> {
    const { stream, consumer, claimThresholdMs } = this.options;
    const { entries, lostIds } = await this.streams.claimIdle({
      ...{ stream, consumer, group: MAIL_SENDER_GROUP, count: BATCH },
      minIdleMs: claimThresholdMs,
    });
    if (lostIds.length > 0) this.logger.error({ event: 'mail_commands_lost', ids: lostIds });
    await this.take(entries);
    return entries.length === BATCH ? 0 : CLAIM_INTERVAL_MS;
  }

  private async take(entries: readonly StreamEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const { stream, domain } = this.options;
    const drafts = entries.map((entry) => draftOf({ id: entry.id, fields: textFields(entry) }, domain));
    const { accepted, unreadable } = await this.store.insert(drafts);
    this.metrics.commands.inc({ result: 'accepted' }, accepted);
    this.metrics.commands.inc({ result: 'unreadable' }, unreadable);
    this.metrics.commands.inc({ result: 'duplicate' }, drafts.length - accepted - unreadable);
    for (const { entryId, mistake } of drafts) {
      if (mistake !== undefined) this.logger.error({ event: 'mail_command_unreadable', entryId, mistake });
    }
    await this.streams.ackGroup(
      stream,
      MAIL_SENDER_GROUP,
      entries.map(({ id }) => id),
    );
    if (accepted > 0) this.onTaken();
  }
}
