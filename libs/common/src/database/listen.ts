import { randomUUID } from 'node:crypto';
import { escapeIdentifier, type Client } from 'pg';
import { type Logger } from '../observability';
import { leavesSessionAlive } from './sql-errors';

export interface ListenerOptions {
  readonly newClient: () => Client;
  /** NOTIFY on that channel over another connection. */
  readonly notify: (channel: string) => Promise<unknown>;
  readonly channel: string;
  readonly onWake: () => void;
  readonly onClose: () => void;
  readonly logger: Logger;
  /** How long a notification of our own may take before LISTEN counts as impossible. Default 5 s. */
  readonly proofTimeoutMs?: number;
}

/** A running LISTEN. */
export interface Listening {
  /** No wake after this; resolves when its connection is gone. */
  close(): Promise<void>;
}

const PROOF_TIMEOUT_MS = 5_000;
const FIRST_REST_MS = 100;
const LONGEST_REST_MS = 5_000;
/** Where LISTEN is impossible only a change of the deployment helps. */
const LONGEST_UNAVAILABLE_REST_MS = 60_000;

/** One connection, from its opening to its end. */
interface Attempt {
  readonly client: Client;
  /** The connection's own second channel, through which it is proved that it hears. */
  readonly proofChannel: string;
  /** Why it ended; `impossible` where the server or what stands before it does not do LISTEN. */
  end?: { readonly reason: unknown; readonly impossible: boolean };
  proved: boolean;
}

/**
 * LISTEN on a connection of its own, since a pooled one would listen for whoever gets it next. Where it is impossible
 * it says so once and goes on trying at its slowest pace; its user polls anyway. Impossible is a server that refuses
 * it, as a standby does, and a pooler in transaction mode, which takes it and passes no notification on: so each
 * connection has to hear one of ours before it counts.
 */
export class Listener implements Listening {
  private attempt: Attempt | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;
  private isUnavailable = false;
  private closed = false;

  constructor(private readonly options: ListenerOptions) {}

  /** Resolves after the first attempt, whether it worked or not. */
  async start(): Promise<void> {
    await this.open();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.options.onClose();
    await this.attempt?.client.end();
  }

  private async open(): Promise<void> {
    const client = this.options.newClient();
    const attempt: Attempt = { client, proofChannel: `odograph_listen_${randomUUID()}`, proved: false };
    this.attempt = attempt;
    client.on('error', (reason) => (attempt.end ??= { reason, impossible: false }));
    client.on('notification', ({ channel }) => {
      if (channel === attempt.proofChannel) this.heard(attempt);
      else this.wake();
    });
    // pg leaves connect() unsettled where end() is called meanwhile.
    const end = new Promise<void>((resolve) => client.once('end', resolve));
    client.once('end', () => this.ended(attempt));
    try {
      await Promise.race([client.connect(), end]);
      if (this.closed) return;
      // In one message: a pooler could give two to different servers, and prove one by the other.
      const [channel, proof] = [this.options.channel, attempt.proofChannel].map(escapeIdentifier);
      await client.query(`LISTEN ${channel}; LISTEN ${proof}`);
    } catch (reason) {
      attempt.end ??= { reason, impossible: leavesSessionAlive(reason) };
      // `end` follows and sees to the next attempt.
      await client.end();
      return;
    }
    this.wake();
    void this.prove(attempt);
  }

  /** Nothing that cannot be sent says anything about hearing: it is sent again. */
  private async prove(attempt: Attempt): Promise<void> {
    const { notify, proofTimeoutMs = PROOF_TIMEOUT_MS, logger, channel } = this.options;
    let next = (): Promise<void> => this.giveUp(attempt);
    try {
      await notify(attempt.proofChannel);
    } catch (error) {
      logger.debug({ event: 'listen_unproved', channel, err: error });
      next = () => this.prove(attempt);
    }
    if (this.closed || attempt.proved || attempt.end !== undefined) return;
    this.timer = setTimeout(() => void next(), proofTimeoutMs);
  }

  private heard(attempt: Attempt): void {
    attempt.proved = true;
    clearTimeout(this.timer);
    const { channel, logger } = this.options;
    if (this.failures > 0) logger.info({ event: 'listen_restored', channel, failures: this.failures });
    this.failures = 0;
    this.isUnavailable = false;
  }

  private async giveUp(attempt: Attempt): Promise<void> {
    attempt.end = {
      reason: new Error(
        'LISTEN was accepted but no notification came: a pooler in transaction mode stands between; polling goes on alone',
      ),
      impossible: true,
    };
    await attempt.client.end();
  }

  private ended({ end }: Attempt): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.failures += 1;
    const impossible = end?.impossible ?? false;
    this.tell(impossible, end?.reason);
    const longestMs = impossible ? LONGEST_UNAVAILABLE_REST_MS : LONGEST_REST_MS;
    const restMs = Math.min(longestMs, FIRST_REST_MS * 2 ** Math.min(this.failures - 1, 10));
    this.timer = setTimeout(() => void this.open(), restMs * (0.75 + Math.random() / 2));
  }

  /** A warning for the first of its kind: what follows until it hears again is the same trouble. */
  private tell(impossible: boolean, reason: unknown): void {
    const { channel, logger } = this.options;
    const event = impossible ? 'listen_unavailable' : 'listen_lost';
    const line = { event, channel, failures: this.failures, err: reason };
    const isNews = impossible ? !this.isUnavailable : this.failures === 1;
    if (impossible) this.isUnavailable = true;
    if (isNews) logger.warn(line);
    else logger.debug(line);
  }

  private wake(): void {
    if (!this.closed) this.options.onWake();
  }
}
