import { outboundStream } from '@app/common/contracts';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type OwnedStreams, type StreamInspector } from '@app/common/streams';
import { type CommandDesk } from './command-desk';
import { type Reporter } from './reporter';

export interface CommandServiceOptions {
  readonly streams: Pick<OwnedStreams, 'lastIds' | 'waitForEntries'> & Pick<StreamInspector, 'range'>;
  readonly instance: string;
  readonly connectionTtlMs: number;
  readonly logger: Logger;
}

const WAIT_MS = 10_000;
const NOTES_AT_ONCE = 500;
/** Entries are renewed so often in the time that they live. */
const RENEWALS = 3;

/**
 * Reads the notes to this instance and renews its connections. It starts before the listeners and stops behind them,
 * so that what the last sessions leave is told while the store is still there.
 */
export class CommandsService implements Service {
  readonly name = 'commands';
  readonly stage = 'leases';
  private readonly stopping = new AbortController();
  private readonly reader: Loop;
  private readonly keeper: Loop;
  private readonly stream: string;
  private lastId = '';

  constructor(
    private readonly desk: CommandDesk,
    private readonly reporter: Reporter,
    private readonly options: CommandServiceOptions,
  ) {
    const { logger, instance } = options;
    this.stream = outboundStream(instance);
    this.reader = new Loop({ name: 'command notes', logger, round: (signal) => this.read(signal) });
    this.keeper = new Loop({ name: 'device connections', logger, round: () => this.keep() });
  }

  async start(): Promise<void> {
    // What was noted before concerns sessions of an earlier boot; a login looks for commands by itself.
    this.lastId = await this.lastIdNow();
    this.reader.start();
    this.keeper.start();
  }

  async stop(budgetMs: number): Promise<void> {
    this.stopping.abort();
    await Promise.all([this.reader.stop(), this.keeper.stop()]);
    // The store is tried until the budget is nearly spent, then each report once more.
    const timer = setTimeout(() => this.reporter.stop(), budgetMs / 2);
    await this.desk.settled();
    clearTimeout(timer);
  }

  snapshot(): Record<string, unknown> {
    return { connections: this.desk.connections };
  }

  private async read(signal: AbortSignal): Promise<number> {
    const both = AbortSignal.any([signal, this.stopping.signal]);
    const grown = await this.options.streams.waitForEntries(
      new Map([[this.stream, this.lastId]]),
      WAIT_MS,
      both,
    );
    if (grown.size === 0) return 0;
    const entries = await this.options.streams.range(this.stream, `(${this.lastId}`, '+', NOTES_AT_ONCE);
    for (const entry of entries) this.desk.noted(entry);
    this.lastId = entries.at(-1)?.id ?? grown.get(this.stream) ?? this.lastId;
    return 0;
  }

  private async keep(): Promise<number> {
    await this.desk.keepConnections();
    return this.options.connectionTtlMs / RENEWALS;
  }

  private async lastIdNow(): Promise<string> {
    return (await this.options.streams.lastIds([this.stream])).get(this.stream) ?? '0-0';
  }
}
