import { ACCEPTED_VERSIONS, outboundNoteSchema } from '@app/common/contracts';
import { describeError } from '@app/common/errors';
import { maskImei } from '@app/common/observability';
import { type StreamEntry, textFields } from '@app/common/streams';
import { type CommandLine, type SessionCommands } from './command-line';
import { ConnectionBook, type ConnectionBookOptions, type HeldLine } from './connection-book';
import { Courier, type CourierParts } from './courier';
import { decodeMessages, type DeviceMessage } from './frames';

export type DeskOptions = Omit<ConnectionBookOptions, 'commandsWait'> &
  Pick<CourierParts, 'inbox' | 'reporter' | 'quietMs'>;

/** The device's next frame, and its next connection, wait for as long. */
const UNSOLICITED_PATIENCE_MS = 5_000;

/** Commands to the devices of this process: their connections, what is written to them, and what they answer. */
export class CommandDesk implements SessionCommands {
  private readonly book: ConnectionBook;
  /** Only connections that had a command. */
  private readonly couriers = new Map<CommandLine, Courier>();
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(private readonly options: DeskOptions) {
    this.book = new ConnectionBook({ ...options, commandsWait: (held) => this.courierOf(held).wake() });
  }

  get connections(): number {
    return this.book.size;
  }

  opened(imei: string, line: CommandLine): void {
    this.run(this.book.open(imei, line));
  }

  closed(imei: string, line: CommandLine): void {
    this.couriers.get(line)?.close();
    this.couriers.delete(line);
    this.run(this.book.close(imei, line));
  }

  async received(imei: string, line: CommandLine, frame: Buffer): Promise<void> {
    let messages: readonly DeviceMessage[];
    try {
      messages = decodeMessages(frame);
    } catch (error) {
      this.options.metrics.rejectedMessage('undecodable');
      this.options.logger.warn({
        event: 'command_undecodable',
        ...{ imei: maskImei(imei), reason: describeError(error), frame: frame.toString('hex', 0, 64) },
      });
      return;
    }
    for (const message of messages) await this.take(imei, line, message);
  }

  isBusy(line: CommandLine): boolean {
    return this.couriers.get(line)?.isBusy ?? false;
  }

  /** A note from `commands:outbound:{instance}`. */
  noted(entry: StreamEntry): void {
    const { data: note } = outboundNoteSchema.safeParse(textFields(entry));
    if (note === undefined || !ACCEPTED_VERSIONS.has(note.v)) {
      this.options.logger.error({ event: 'command_note_malformed', entryId: entry.id });
    } else if (note.kind === 'command') {
      this.book.wanted(note.imei);
    } else if (note.epoch !== undefined) {
      this.book.replaced(note.imei, BigInt(note.epoch));
    }
  }

  /** Renews this process's connections. @throws OdographError where the registry does not answer. */
  keepConnections(): Promise<void> {
    return this.book.keepAll();
  }

  /** Resolves when everything that sessions have left is told. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private async take(imei: string, line: CommandLine, message: DeviceMessage): Promise<void> {
    if (message.imei !== undefined && message.imei !== imei) {
      this.options.metrics.rejectedMessage('foreign_imei');
      this.options.logger.warn({
        event: 'command_foreign_imei',
        ...{ imei: maskImei(imei), named: maskImei(message.imei), codec: message.codec },
      });
      return;
    }
    if (this.couriers.get(line)?.accept(message) === true) return;
    const { codec, type, payload, deviceTimeMs } = message;
    this.options.logger.info({
      event: 'command_unsolicited',
      ...{ imei: maskImei(imei), codec, type, bytes: payload.length },
    });
    const report = { imei, codec, type: String(type), payload, device_time_ms: deviceTimeMs?.toString() };
    await this.options.reporter.tell({ ...report, outcome: 'unsolicited' }, UNSOLICITED_PATIENCE_MS);
  }

  private courierOf(held: HeldLine): Courier {
    let courier = this.couriers.get(held.line);
    if (courier === undefined) {
      const { inbox, reporter, metrics, logger, quietMs } = this.options;
      courier = new Courier(held, {
        ...{ inbox, reporter, metrics, logger, quietMs },
        superseded: (loser) => this.book.lose(loser),
        run: (work) => this.run(work),
      });
      this.couriers.set(held.line, courier);
    }
    return courier;
  }

  private run(work: Promise<unknown>): void {
    const tracked = work.finally(() => this.underWay.delete(tracked));
    this.underWay.add(tracked);
  }
}
