import { outboundStream, OUTBOUND_KEPT, CONTRACT_VERSION } from '@app/common/contracts';
import { describeError } from '@app/common/errors';
import { maskImei, type Logger } from '@app/common/observability';
import { type ConnectionRegistry, type KeptConnection, type StreamAppender } from '@app/common/streams';
import { type CommandLine } from './command-line';
import { type CommandMetrics } from './commands.metrics';

/** A device's newest connection in this process. */
export interface HeldLine {
  readonly imei: string;
  readonly line: CommandLine;
  /** Undefined while the registry has not answered the claim. */
  epoch: bigint | undefined;
  /** A note of a command came before the epoch did. */
  isWanted: boolean;
}

export interface ConnectionBookOptions {
  readonly registry: ConnectionRegistry & Pick<StreamAppender, 'broadcast'>;
  readonly instance: string;
  readonly ttlMs: number;
  readonly metrics: CommandMetrics;
  readonly logger: Logger;
  /** Commands wait for the device of this line. */
  readonly commandsWait: (held: HeldLine) => void;
}

/** Renewals of one turn: bounds how long the registry's connection serves nobody else. */
const LARGEST_ROUND = 200;

/** This process's share of the connection registry. */
export class ConnectionBook {
  private readonly byImei = new Map<string, HeldLine>();

  constructor(private readonly options: ConnectionBookOptions) {}

  get size(): number {
    return this.byImei.size;
  }

  find(imei: string): HeldLine | undefined {
    return this.byImei.get(imei);
  }

  /** Makes it the device's line, here and in the registry. Never rejects. */
  async open(imei: string, line: CommandLine): Promise<void> {
    const held: HeldLine = { imei, line, epoch: undefined, isWanted: false };
    this.byImei.set(imei, held);
    const { registry, instance, ttlMs, metrics } = this.options;
    metrics.holds(this.size);
    try {
      const { epoch, replaced, hasCommands } = await registry.claimConnection({ imei, instance, ttlMs });
      held.epoch = epoch;
      if (replaced !== undefined && replaced.instance !== instance) {
        await this.tellReplaced(imei, replaced.instance, replaced.epoch);
      }
      if (this.byImei.get(imei) !== held) await this.release(held);
      else if (hasCommands || held.isWanted) this.options.commandsWait(held);
    } catch (error) {
      // The next renewal takes the claim up; until then commands wait in the device's stream.
      this.note('command_connection_unclaimed', imei, error);
    }
  }

  /** The line is gone; the registry is told where it is still the device's. Never rejects. */
  async close(imei: string, line: CommandLine): Promise<void> {
    const held = this.byImei.get(imei);
    if (held?.line !== line) return;
    this.byImei.delete(imei);
    this.options.metrics.holds(this.size);
    await this.release(held);
  }

  /** A note says that a command waits for the device. */
  wanted(imei: string): void {
    const held = this.byImei.get(imei);
    if (held === undefined) return;
    if (held.epoch === undefined) held.isWanted = true;
    else this.options.commandsWait(held);
  }

  /** Another instance says that it has the device now. */
  replaced(imei: string, epoch: bigint): void {
    const held = this.byImei.get(imei);
    // An epoch that is not known yet is a newer claim's, or a renewal will tell.
    if (held?.epoch !== undefined && held.epoch <= epoch) this.lose(held);
  }

  /** Renews all entries. @throws OdographError where the registry does not answer. */
  async keepAll(): Promise<void> {
    const all = [...this.byImei.values()];
    for (let first = 0; first < all.length; first += LARGEST_ROUND) {
      const some = all.slice(first, first + LARGEST_ROUND).filter((held) => this.isCurrent(held));
      const { registry, instance, ttlMs } = this.options;
      const kept = await registry.keepConnections({ instance, ttlMs, held: some });
      some.forEach((held, index) => this.take(held, kept[index]));
    }
  }

  lose(held: HeldLine): void {
    if (!this.isCurrent(held)) return;
    this.options.metrics.connectionLost();
    this.options.logger.info({ event: 'command_connection_replaced', imei: maskImei(held.imei) });
    void held.line.retire('replaced');
  }

  private isCurrent(held: HeldLine): boolean {
    return this.byImei.get(held.imei) === held;
  }

  private take(held: HeldLine, kept: KeptConnection | undefined): void {
    if (kept === undefined || !this.isCurrent(held)) return;
    if (kept.kind === 'lost') {
      this.lose(held);
      return;
    }
    held.epoch = kept.epoch;
    if (kept.hasCommands) this.options.commandsWait(held);
  }

  private async release({ imei, epoch }: HeldLine): Promise<void> {
    if (epoch === undefined) return;
    try {
      await this.options.registry.releaseConnection(imei, epoch);
    } catch (error) {
      // It expires by itself.
      this.note('command_connection_unreleased', imei, error);
    }
  }

  private async tellReplaced(imei: string, instance: string, epoch: bigint): Promise<void> {
    const note = { v: CONTRACT_VERSION, kind: 'replaced', imei, epoch: epoch.toString() };
    try {
      await this.options.registry.broadcast(outboundStream(instance), [note], OUTBOUND_KEPT);
    } catch (error) {
      // Its own renewal finds out.
      this.note('command_note_lost', imei, error);
    }
  }

  private note(event: string, imei: string, error: unknown): void {
    this.options.logger.warn({ event, imei: maskImei(imei), reason: describeError(error) });
  }
}
