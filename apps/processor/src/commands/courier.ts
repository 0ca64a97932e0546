import { type DeviceCommandFields } from '@app/common/contracts';
import { describeError } from '@app/common/errors';
import { fault, maskImei, type Logger } from '@app/common/observability';
import { type CommandMetrics } from './commands.metrics';
import { type HeldLine } from './connection-book';
import { type DeviceMessage, encodeCommandFrame, answerOf } from './frames';
import { type CommandInbox, type NextCommand } from './inbox';
import { type Report, type Reporter } from './reporter';

export interface CourierParts {
  readonly inbox: CommandInbox;
  readonly reporter: Reporter;
  readonly metrics: CommandMetrics;
  readonly logger: Logger;
  /** How long a device must have sent nothing before a command is written. */
  readonly quietMs: number;
  /** A newer session has the device's commands. */
  readonly superseded: (held: HeldLine) => void;
  /** Keeps the process's stop waiting for work that nobody else waits for. */
  readonly run: (work: Promise<unknown>) => void;
}

interface Outstanding {
  readonly entryId: string;
  readonly epoch: bigint;
  readonly command: DeviceCommandFields;
  readonly writtenTick: number;
  timer: NodeJS.Timeout | undefined;
}

type Settled = Pick<Report, 'outcome' | 'reason' | 'codec' | 'type' | 'payload'>;

/**
 * Carries the commands of one connection, one at a time and in order: the protocol has no number that would tell which
 * command an answer is to. A command is marked as handed out before it is written, and never written twice.
 */
export class Courier {
  private outstanding: Outstanding | undefined;
  private attemptTimer: NodeJS.Timeout | undefined;
  private isTaking = false;
  private isOver = false;
  /** Reports of this connection, one after the other. */
  private reports: Promise<void> = Promise.resolve();
  private settling = 0;
  /** Told of, and not taken off since the store did not answer: their end is known. */
  private readonly told = new Set<string>();

  constructor(
    readonly held: HeldLine,
    private readonly parts: CourierParts,
  ) {}

  /** A command waits for its answer. */
  get isBusy(): boolean {
    return this.outstanding !== undefined;
  }

  /** Commands wait, or may. */
  wake(): void {
    const isBusy = this.isTaking || this.outstanding !== undefined || this.settling > 0;
    if (this.isOver || isBusy || this.attemptTimer !== undefined) return;
    this.attempt();
  }

  /** True where the message answers the outstanding command, which is settled then. */
  accept(message: DeviceMessage): boolean {
    const { outstanding } = this;
    if (outstanding === undefined) return false;
    const outcome = answerOf(message, outstanding.command.codec);
    if (outcome === undefined) return false;
    this.parts.metrics.answered(performance.now() - outstanding.writtenTick);
    const { codec, type, payload } = message;
    this.settleOutstanding({ outcome, codec, type: String(type), payload });
    return true;
  }

  /** The connection is gone. */
  close(): void {
    this.isOver = true;
    clearTimeout(this.attemptTimer);
    this.settleOutstanding({ outcome: 'unknown', reason: 'the connection ended before the answer' });
  }

  private attempt(): void {
    this.attemptTimer = undefined;
    const { line } = this.held;
    if (this.isOver || !line.isOpen) return;
    const restMs = this.parts.quietMs - (performance.now() - line.heardAt.tick);
    if (restMs > 0) {
      this.attemptIn(restMs);
      return;
    }
    this.isTaking = true;
    if (line.interject(() => this.takeNext())) return;
    this.isTaking = false;
    this.attemptIn(this.parts.quietMs);
  }

  private attemptIn(ms: number): void {
    this.attemptTimer = setTimeout(() => this.attempt(), Math.max(1, ms));
  }

  /** Runs between two frames. Never rejects. */
  private async takeNext(): Promise<void> {
    const { imei, epoch } = this.held;
    try {
      if (epoch === undefined) return;
      await this.handOver(await this.parts.inbox.next(imei, epoch), epoch);
    } catch (error) {
      // The next renewal of the connection says again that commands wait.
      this.parts.logger.warn({
        event: 'command_unread',
        ...{ imei: maskImei(imei), reason: describeError(error) },
      });
    } finally {
      this.isTaking = false;
    }
  }

  private async handOver(next: NextCommand, epoch: bigint): Promise<void> {
    if (next.kind === 'none') return;
    if (next.kind === 'stale') {
      this.parts.superseded(this.held);
      return;
    }
    const { entryId, command } = next;
    if (this.told.has(entryId)) {
      this.settle(entryId, epoch, undefined, undefined);
    } else if (command === undefined) {
      this.parts.logger.error({ event: 'command_malformed', imei: maskImei(this.held.imei), entryId });
      this.settle(entryId, epoch, undefined, undefined);
    } else if (next.isRepeat) {
      const reason = 'it was handed to a session that ended without an answer';
      this.settle(entryId, epoch, command, { outcome: 'unknown', reason });
    } else if (Number(command.expires_at_ms) <= Date.now()) {
      this.settle(entryId, epoch, command, { outcome: 'expired' });
    } else {
      await this.write(entryId, epoch, command);
    }
  }

  private async write(entryId: string, epoch: bigint, command: DeviceCommandFields): Promise<void> {
    const frame = encodeCommandFrame(command);
    fault('commands.before-write');
    const written = performance.now();
    const outstanding: Outstanding = { entryId, epoch, command, writtenTick: written, timer: undefined };
    this.outstanding = outstanding;
    const isWritten = await this.held.line.reply(frame);
    fault('commands.after-write');
    if (this.outstanding !== outstanding) return;
    if (!isWritten) {
      this.settleOutstanding({ outcome: 'unknown', reason: 'the connection ended while it was written' });
      return;
    }
    const limitMs = Number(command.timeout_ms);
    outstanding.timer = setTimeout(() => this.giveUp(limitMs), limitMs);
    this.report(command, { outcome: 'sent' });
  }

  /**
   * An answer that comes later would be taken for that to the next command, so there is no next one on this
   * connection: the device comes back with another.
   */
  private giveUp(limitMs: number): void {
    this.isOver = true;
    this.settleOutstanding({ outcome: 'unknown', reason: `no answer within ${limitMs / 1000} s` });
    void this.held.line.retire('unanswered');
  }

  private settleOutstanding(settled: Settled): void {
    const { outstanding } = this;
    if (outstanding === undefined) return;
    this.outstanding = undefined;
    clearTimeout(outstanding.timer);
    this.settle(outstanding.entryId, outstanding.epoch, outstanding.command, settled);
  }

  /** Tells first and takes off then: what is taken off and not told would be a command without an end. */
  private settle(
    entryId: string,
    epoch: bigint,
    command: DeviceCommandFields | undefined,
    settled: Settled | undefined,
  ): void {
    this.settling += 1;
    this.inTurn(async () => {
      const isTold = await this.tell(command, settled);
      fault('commands.before-settle');
      const isSettled = isTold && (await this.takeOff(entryId, epoch));
      this.settling -= 1;
      // Otherwise the next renewal of the connection says again that it waits.
      if (isSettled) this.wake();
    });
  }

  private async takeOff(entryId: string, epoch: bigint): Promise<boolean> {
    try {
      await this.parts.inbox.settle(this.held.imei, epoch, entryId);
      this.told.delete(entryId);
      return true;
    } catch (error) {
      this.told.add(entryId);
      this.parts.logger.warn({ event: 'command_unsettled', reason: describeError(error) });
      return false;
    }
  }

  private report(command: DeviceCommandFields, settled: Settled): void {
    this.inTurn(async () => void (await this.tell(command, settled)));
  }

  private async tell(
    command: DeviceCommandFields | undefined,
    settled: Settled | undefined,
  ): Promise<boolean> {
    if (command === undefined || settled === undefined) return true;
    const { command_id: id, imei, traceparent } = command;
    return this.parts.reporter.tell({ ...settled, command_id: id, imei, traceparent });
  }

  private inTurn(work: () => Promise<void>): void {
    this.reports = this.reports.then(work);
    this.parts.run(this.reports);
  }
}
