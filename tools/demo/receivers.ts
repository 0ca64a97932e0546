import { randomBytes } from 'node:crypto';
import { issueGatewayToken } from '@app/common/contracts';
import { freePort } from '@app/common/testing';
import { messageIdOf } from '../../apps/notification/src/mail';
import { type Scenario } from '../../apps/ops/src/fleet';
import { type Receipts } from './balance';
import { Mailbox } from './mailbox';
import { PushClient, type ReceivedPush } from './push-client';

const MAIL_DOMAIN = 'demo.example';
const TOKEN_TTL_MS = 24 * 3_600_000;

/** The people at the other end: a mail server that takes their mails, and a client of the push gateway for each. */
export class Receivers {
  private clients: readonly PushClient[] = [];

  private constructor(
    readonly mailbox: Mailbox,
    private readonly users: Scenario['users'],
    private readonly secret: string,
    private readonly port: number,
  ) {}

  static async open({ users }: Scenario): Promise<Receivers> {
    const secret = randomBytes(32).toString('base64url');
    return new Receivers(await Mailbox.open(), users, secret, await freePort());
  }

  /** What notification must be told, so that it sends to them. */
  get settings(): Record<string, string> {
    return {
      NOTIFICATION_FEATURES: 'intents,publishers,mail,gateway',
      NOTIFICATION_PUBLIC_HTTP_ADDR: `127.0.0.1:${this.port}`,
      NOTIFICATION_GATEWAY_TOKEN_SECRET: this.secret,
      NOTIFICATION_MAIL_SMTP_URL: this.mailbox.url,
      NOTIFICATION_MAIL_SMTP_TLS: 'off',
      NOTIFICATION_MAIL_FROM: `Odograph demo <odograph@${MAIL_DOMAIN}>`,
      // A mail server of one's own has no limit to keep to.
      NOTIFICATION_MAIL_RATE: '1000',
    };
  }

  get gatewayUrl(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  /** Connects everybody; call it when the gateway runs and before the first byte of the run. */
  async connect(): Promise<void> {
    this.clients = this.users.map(
      ({ userId }) =>
        new PushClient(
          this.gatewayUrl,
          userId,
          issueGatewayToken(this.secret, { userId, tenantId: 'default', ttlMs: TOKEN_TTL_MS }),
        ),
    );
    await Promise.all(this.clients.map((client) => client.start()));
  }

  get pushes(): readonly ReceivedPush[] {
    return this.clients.flatMap(({ pushes }) => pushes);
  }

  /** What has come in about these devices so far, by route id. */
  receipts(imeis: ReadonlySet<string>, mailRoutes: readonly string[]): Receipts {
    const routeOf = new Map(mailRoutes.map((routeId) => [messageIdOf(routeId, MAIL_DOMAIN), routeId]));
    return {
      push: this.pushes.flatMap(({ eventId, imei }) =>
        imei !== undefined && imeis.has(imei) ? [eventId] : [],
      ),
      // A mail of a run before this one, which was cut off, has a route that is none of these.
      mail: this.mailbox.mails.flatMap(({ messageId }) => routeOf.get(messageId) ?? []),
    };
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.stop();
    await this.mailbox.close();
  }
}
