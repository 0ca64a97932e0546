import { type Database, statement } from '@app/common/database';
import { type Logger } from '@app/common/observability';
import { NOTHING_OBSERVED, type Observation, observationParams, observe } from '@app/common/outbox';
import { type StreamInspector } from '@app/common/streams';
import closeHour from './sql/close-hour.sql';
import dropLedgerHours from './sql/drop-ledger-hours.sql';
import unclosedHours from './sql/unclosed-hours.sql';

const UNCLOSED = statement('upkeep.unclosed-hours', unclosedHours);
const CLOSE = statement('upkeep.close-hour', closeHour);
const DROP = statement('upkeep.drop-ledger-hours', dropLedgerHours);

/** Why a past hour is not closed: a message waits to be published; or one is parked, lost or doubled. */
export const OPEN_REASONS = ['unread', 'uneven'] as const;
type CloseResult = 'closed' | (typeof OPEN_REASONS)[number];

export interface LedgerOptions {
  readonly keepMs: number;
  readonly streamKeepMs: number;
  readonly ledgerKeepMs: number;
}

interface UnclosedHour {
  readonly hour: Date;
  readonly has_messages: boolean;
  /** Its slot is old enough to be reclaimed: closed as it is. */
  readonly is_due: boolean;
}

/** Closes past hours in the event ledger, and forgets those that are too old. */
export class LedgerKeeper {
  constructor(
    private readonly options: LedgerOptions,
    private readonly database: Pick<Database, 'query'>,
    private readonly streams: Pick<StreamInspector, 'range'>,
    private readonly logger: Logger,
  ) {}

  /** @returns how many past hours are still open, by reason. */
  async close(): Promise<Record<string, number>> {
    const hours = await this.database.query<UnclosedHour>(UNCLOSED, [this.options.keepMs]);
    const oldest = hours.find(({ has_messages: has }) => has);
    const observation =
      oldest === undefined
        ? NOTHING_OBSERVED
        : await observe(this.database, this.streams, {
            sinceMs: oldest.hour.getTime(),
            keepMs: this.options.streamKeepMs,
          });
    const open: Record<string, number> = {};
    for (const hour of hours) {
      const result = await this.closeOne(hour, hour.has_messages ? observation : NOTHING_OBSERVED);
      if (result !== 'closed') open[result] = (open[result] ?? 0) + 1;
    }
    await this.forget();
    return open;
  }

  private async closeOne({ hour, is_due: isDue }: UnclosedHour, seen: Observation): Promise<CloseResult> {
    const [row] = await this.database.query<{ result: CloseResult }>(CLOSE, [
      hour,
      ...observationParams(seen),
      isDue,
    ]);
    const result = row?.result ?? 'unread';
    // `odo outbox audit` names the messages; here it is enough that somebody is told to look.
    if (result !== 'closed') this.logger.warn({ event: 'ledger_hour_open', hour, reason: result });
    return result;
  }

  private async forget(): Promise<void> {
    for (;;) {
      const [row] = await this.database.query<{ dropped: number }>(DROP, [this.options.ledgerKeepMs]);
      if ((row?.dropped ?? 0) === 0) return;
    }
  }
}
