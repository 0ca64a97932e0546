import { escapeIdentifier, type Client } from 'pg';
import { type Logger } from '../observability';

export interface ListenerOptions {
  readonly newClient: () => Client;
  readonly channel: string;
  readonly onWake: () => void;
  readonly onClose: () => void;
  readonly logger: Logger;
}

/** A running LISTEN. */
export interface Listening {
  /** No wake after this; resolves when its connection is gone. */
  close(): Promise<void>;
}

const FIRST_REST_MS = 100;
const LONGEST_REST_MS = 5_000;

/**
 * LISTEN on a connection of its own, since a pooled one would listen for whoever gets it next. Where it is impossible
 * (a standby, a pooler in transaction mode that refuses it) it says so once and goes on trying at its slowest pace.
 */
export class Listener implements Listening {
  private client: Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;
  private closed = false;

  constructor(private readonly options: ListenerOptions) {}

  /** Resolves after the first attempt, whether it worked or not. */
  async start(): Promise<void> {
    await this.attempt();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.options.onClose();
    await this.client?.end();
  }

  private async attempt(): Promise<void> {
    const { newClient, channel, logger } = this.options;
    const client = newClient();
    this.client = client;
    let reason: unknown;
    client.on('error', (error) => (reason ??= error));
    client.on('notification', () => this.wake());
    // pg leaves connect() unsettled where end() is called meanwhile.
    const end = new Promise<void>((resolve) => client.once('end', resolve));
    client.once('end', () => this.ended(reason));
    try {
      await Promise.race([client.connect(), end]);
      if (this.closed) return;
      await client.query(`LISTEN ${escapeIdentifier(channel)}`);
    } catch (error) {
      reason ??= error;
      // `end` follows and sees to the next attempt.
      await client.end();
      return;
    }
    if (this.failures > 0) logger.info({ event: 'listen_restored', channel, failures: this.failures });
    this.failures = 0;
    this.wake();
  }

  private ended(reason: unknown): void {
    if (this.closed) return;
    const { channel, logger } = this.options;
    this.failures += 1;
    const line = { event: 'listen_lost', channel, failures: this.failures, err: reason };
    if (this.failures === 1) logger.warn(line);
    else logger.debug(line);
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(this.failures - 1, 10));
    this.timer = setTimeout(() => void this.attempt(), restMs * (0.75 + Math.random() / 2));
  }

  private wake(): void {
    if (!this.closed) this.options.onWake();
  }
}
