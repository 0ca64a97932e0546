import { setTimeout as delay } from 'node:timers/promises';
import {
  COMMAND_RESPONSES,
  CONTRACT_VERSION,
  type CommandOutcome,
  type CommandResponseFields,
} from '@app/common/contracts';
import { describeError } from '@app/common/errors';
import { childTraceparent, maskImei, type Logger } from '@app/common/observability';
import { type Fields, type StreamAppender } from '@app/common/streams';
import { type CommandMetrics } from './commands.metrics';

/** What is to be told; the payload is a device's message. */
export interface Report extends Pick<
  CommandResponseFields,
  'command_id' | 'codec' | 'type' | 'device_time_ms' | 'reason'
> {
  readonly outcome: CommandOutcome;
  readonly imei: string;
  /** Of the command. */
  readonly traceparent?: string;
  readonly payload?: Buffer;
}

export interface ReporterOptions {
  readonly streams: Pick<StreamAppender, 'append'>;
  readonly instance: string;
  /** How long the store is tried. */
  readonly patienceMs: number;
  readonly metrics: CommandMetrics;
  readonly logger: Logger;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** Tells on `commands:responses` what became of commands. */
export class Reporter {
  private readonly stopping = new AbortController();

  constructor(private readonly options: ReporterOptions) {}

  /** From now on a report is tried once. */
  stop(): void {
    this.stopping.abort();
  }

  /**
   * Resolves to whether the report is durable. One of unknown fate is repeated, so that readers may see it twice; they
   * go by command and outcome. Never rejects.
   */
  async tell(report: Report, patienceMs = this.options.patienceMs): Promise<boolean> {
    const fields = this.fieldsOf(report);
    const deadline = performance.now() + Math.min(patienceMs, this.options.patienceMs);
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        await this.options.streams.append(COMMAND_RESPONSES, fields);
        this.options.metrics.published(report.outcome);
        return true;
      } catch (error) {
        if (this.stopping.signal.aborted || performance.now() + pauseMs > deadline) {
          this.giveUp(report, error);
          return false;
        }
      }
      // Ends early when the process stops; the loop finds out by itself.
      await delay(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private giveUp({ outcome, imei, command_id: commandId }: Report, error: unknown): void {
    this.options.metrics.unpublished();
    this.options.logger.error({
      event: 'command_report_lost',
      ...{ outcome, commandId, imei: maskImei(imei), reason: describeError(error) },
    });
  }

  private fieldsOf({ payload, traceparent, ...report }: Report): Fields {
    const known = Object.entries(report).filter(([, value]) => value !== undefined);
    return {
      v: CONTRACT_VERSION,
      traceparent: childTraceparent(traceparent),
      ...Object.fromEntries(known),
      instance: this.options.instance,
      at_ms: String(Date.now()),
      ...(payload === undefined ? {} : { payload }),
    };
  }
}
