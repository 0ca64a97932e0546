import { type HealthContributor, type HealthReport } from '@app/common/health';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type StreamInspector } from '@app/common/streams';
import { type EdgeListeners } from './edge.listeners';
import { type SessionTable } from './session-table';
import { type StoreWatch } from './store-watch';

const MEMORY_CHECK_MS = 1_000;
/** The rest of a stop's budget is for closing what did not finish. */
const DRAIN_SHARE = 0.9;

/** Opens the device listeners last and closes them first; between them it only watches. */
export class EdgeService implements Service, HealthContributor {
  readonly name = 'edge';
  readonly stage = 'work';
  readonly gatesReadiness = true;
  private readonly memoryLoop: Loop;

  constructor(
    private readonly listeners: EdgeListeners,
    private readonly table: SessionTable,
    private readonly watch: StoreWatch,
    private readonly store: Pick<StreamInspector, 'memory'>,
    private readonly logger: Logger,
    /** Sessions ended a second on a stop. */
    private readonly stopRate: number,
  ) {
    this.memoryLoop = new Loop({ name: 'edge memory check', logger, round: () => this.checkMemory() });
  }

  async start(): Promise<void> {
    // Before the first device: a store that is nearly full takes nothing from the start.
    await this.checkMemory();
    this.memoryLoop.start();
    await this.listeners.open();
    this.logger.info({ event: 'edge_listening', ports: this.listeners.ports });
  }

  /** Accepts nobody any more, finishes what each session has in hand, ends the sessions. */
  async stop(budgetMs: number): Promise<void> {
    await this.listeners.close();
    const sessions = this.table.size;
    const { abandoned } = await this.table.drain(budgetMs * DRAIN_SHARE, this.stopRate);
    await this.memoryLoop.stop();
    this.logger.info({ event: 'edge_stopped', sessions, abandoned });
  }

  snapshot(): Record<string, unknown> {
    return { sessions: this.table.size, devices: this.table.devices, storeFailing: this.watch.isFailing };
  }

  check(): Promise<HealthReport> {
    const { isListening, ports } = this.listeners;
    const isDown = !isListening || this.watch.isFull;
    return Promise.resolve({
      status: isDown ? 'down' : this.watch.isFailing ? 'degraded' : 'up',
      details: {
        listening: isListening,
        ...Object.fromEntries(Object.entries(ports).map(([kind, port]) => [`${kind}_port`, port])),
        sessions: this.table.size,
        devices: this.table.devices,
        appendMs: Math.round(this.watch.appendMs * 100) / 100,
        appends: this.watch.isFailing ? 'failing' : 'good',
        storeMemory: `${Math.round(this.watch.usedShare * 100)}% in use`,
      },
    });
  }

  private async checkMemory(): Promise<number> {
    this.watch.observe(await this.store.memory());
    return MEMORY_CHECK_MS;
  }
}
