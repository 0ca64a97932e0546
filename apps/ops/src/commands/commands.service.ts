import { COMMAND_RECORD_GROUP, COMMAND_RESPONSES } from '@app/common/contracts';
import { isDataError, type QuerySource } from '@app/common/database';
import { Loop, type Service } from '@app/common/lifecycle';
import { fault, type Logger } from '@app/common/observability';
import { type StreamEntry, type Streams } from '@app/common/streams';
import { expireOverdue, parseReport, recordReport } from './command-record';

export interface CommandRecorderOptions {
  readonly database: QuerySource;
  readonly streams: Streams;
  readonly consumer: string;
  readonly keepMs: number;
  readonly logger: Logger;
}

const READ_BLOCK_MS = 1_000;
const BATCH = 100;
const TEND_EVERY_MS = 30_000;
/** A report that another instance has read and not acknowledged for so long is taken over. */
const CLAIM_AFTER_MS = 60_000;
const EXPIRY_GRACE_MS = 5 * 60_000;

/** Records what edges tell of commands, so that it is in ops.command and the audit whether or not anybody waited. */
export class CommandsService implements Service {
  readonly name = 'command record';
  readonly stage = 'work';
  private readonly stopping = new AbortController();
  private readonly reader: Loop;
  private readonly tender: Loop;
  /** Nothing was left to read: only then is a command that is still queued one of which nobody has told. */
  private hasCaughtUp = false;

  constructor(private readonly options: CommandRecorderOptions) {
    const { logger } = options;
    this.reader = new Loop({ name: 'command reports', logger, round: () => this.read() });
    this.tender = new Loop({ name: 'command expiry', logger, round: () => this.tend() });
  }

  async start(): Promise<void> {
    await this.options.streams.ensureGroup(COMMAND_RESPONSES, COMMAND_RECORD_GROUP);
    this.reader.start();
    this.tender.start();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([this.reader.stop(), this.tender.stop()]);
  }

  private async read(): Promise<number> {
    const entries = await this.options.streams.readGroup({
      stream: COMMAND_RESPONSES,
      group: COMMAND_RECORD_GROUP,
      consumer: this.options.consumer,
      ...{ count: BATCH, blockMs: READ_BLOCK_MS, signal: this.stopping.signal },
    });
    this.hasCaughtUp = entries.length === 0;
    await this.record(entries);
    return 0;
  }

  private async tend(): Promise<number> {
    const { streams, database, consumer, keepMs } = this.options;
    const claimed = await streams.claimIdle({
      ...{ stream: COMMAND_RESPONSES, group: COMMAND_RECORD_GROUP, consumer },
      ...{ minIdleMs: CLAIM_AFTER_MS, count: BATCH },
    });
    await this.record(claimed.entries);
    if (this.hasCaughtUp && claimed.entries.length === 0) await expireOverdue(database, EXPIRY_GRACE_MS);
    await streams.trimOwned({ stream: COMMAND_RESPONSES, groups: [COMMAND_RECORD_GROUP], keepMs });
    return TEND_EVERY_MS;
  }

  private async record(entries: readonly StreamEntry[]): Promise<void> {
    if (entries.length === 0) return;
    for (const entry of entries) await this.recordOne(entry);
    fault('commands.before-ack');
    const ids = entries.map(({ id }) => id);
    await this.options.streams.ackGroup(COMMAND_RESPONSES, COMMAND_RECORD_GROUP, ids);
  }

  private async recordOne(entry: StreamEntry): Promise<void> {
    const report = parseReport(entry);
    if (report === undefined) {
      this.options.logger.error({ event: 'command_report_malformed', entryId: entry.id });
      return;
    }
    try {
      await recordReport(this.options.database, report);
    } catch (error) {
      // What the database refuses for what it is would stop all reports behind it; the entry itself stays in the stream.
      if (!isDataError(error)) throw error;
      this.options.logger.error({ event: 'command_report_refused', entryId: entry.id, err: error });
    }
  }
}
