import { setTimeout as elapse } from 'node:timers/promises';
import { type RelayServers } from './servers';

/** Messages of one transaction; each of them wakes the relays. */
const TRANSACTION = 100;

/** Commits so many messages a second until it is stopped, evenly. */
export class SteadyLoad {
  private stopped = false;
  private appended = 0;
  private readonly running: Promise<void>;

  constructor(
    private readonly servers: RelayServers,
    private readonly perS: number,
  ) {
    this.running = this.run();
  }

  /** Resolves to the number of messages that were committed. */
  async stop(): Promise<number> {
    this.stopped = true;
    await this.running;
    return this.appended;
  }

  private async run(): Promise<void> {
    const startedAt = performance.now();
    const transaction = Math.min(TRANSACTION, Math.max(1, Math.round(this.perS / 100)));
    while (!this.stopped) {
      const due = ((performance.now() - startedAt) / 1000) * this.perS;
      if (this.appended > due) await elapse(1);
      else {
        await this.servers.append(this.appended, transaction, true);
        this.appended += transaction;
      }
    }
  }
}
