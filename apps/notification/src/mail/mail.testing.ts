import pino from 'pino';
import { Registry } from 'prom-client';
import { MAIL_DELIVERY_COMMANDS } from '@app/common/contracts';
import { Database, statement } from '@app/common/database';
import { Metrics } from '@app/common/observability';
import { MemoryStreams } from '@app/common/streams';
import { TEMPLATES } from '@app/common/templates';
import { eventually, testServers, type TestServers } from '@app/common/testing';
import { Composer } from './composer';
import { DeliveryStore } from './delivery-store';
import { Intake } from './intake';
import { mailMetrics } from './mail.metrics';
import { MailService } from './mail.service';
import { type SmtpRefusal, TestMailServer } from './mail-server.testing';
import { Sender } from './sender';
import { Smtp } from './smtp';
import { UnsubscribeLinks } from './unsubscribe-links';

const select = (name: string, text: string) => statement(`spec_mail_${name}`, text);
const ROWS = select(
  'rows',
  `SELECT delivery_id, state, reason, attempts, smtp_code, accepted_recipients, refused_recipients
   FROM notification.mail_delivery ORDER BY delivery_id`,
);
const SUPPRESSIONS = select(
  'suppressions',
  'SELECT address, smtp_code, delivery_id FROM notification.mail_suppression ORDER BY address',
);
const PREFERENCES = select(
  'preferences',
  'SELECT tenant_id, user_id, notification_type, channel, enabled FROM notification.preference',
);
const CLEAR = select(
  'clear',
  'TRUNCATE notification.mail_delivery, notification.mail_suppression, notification.preference',
);
/** What time does: rests are over, leases of those that went silent have ended. */
const PASS_TIME = select(
  'pass_time',
  'UPDATE notification.mail_delivery SET next_attempt_at = clock_timestamp() WHERE next_attempt_at IS NOT NULL',
);
const AGE = select('age', `UPDATE notification.mail_delivery SET ended_at = ended_at - interval '31 days'`);

export interface DeliveryRow extends Record<string, unknown> {
  readonly delivery_id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
}

export const FROM = { name: 'Fleet desk', address: 'fleet@odograph.example' };
export const DOMAIN = 'odograph.example';
export const RETENTION_MS = 30 * 24 * 3_600_000;
const CONNECTIONS = 3;

interface StartOptions {
  readonly store?: DeliveryStore;
  readonly maxAttempts?: number;
  readonly password?: string;
}

/** Mail senders on a real PostgreSQL and a real SMTP server. Made once at the top of a file. */
export class MailBench {
  readonly logger = pino({ level: 'silent' });
  readonly links = new UnsubscribeLinks('https://notify.odograph.example', 'k'.repeat(32));
  readonly running: MailService[] = [];
  streams = new MemoryStreams();
  mails = new TestMailServer();
  private readonly servers: TestServers;
  private stores: { readonly owner: Database; readonly database: Database } | undefined;
  private commands = 0;

  constructor() {
    // Above the servers: hooks run in the order of the calls, and the database goes away in its own.
    afterAll(() => Promise.all([this.owner.stop(1000), this.database.stop(1000)]));
    this.servers = testServers();
    beforeAll(async () => {
      const owner = this.databaseFor(this.servers.postgresUrl());
      const database = this.databaseFor(this.servers.postgresUrl('odograph_notification'));
      await Promise.all([owner.start(), database.start()]);
      this.stores = { owner, database };
    });
    beforeEach(async () => {
      await this.owner.query(CLEAR);
      this.streams = new MemoryStreams();
      await this.useServer(new TestMailServer());
    });
    afterEach(async () => {
      for (const service of this.running.splice(0)) await service.stop(5000);
      await this.mails.stop();
    });
  }

  get owner(): Database {
    if (this.stores === undefined) throw new Error('the suite has its database only from beforeAll on');
    return this.stores.owner;
  }

  /** As the app has it. */
  get database(): Database {
    if (this.stores === undefined) throw new Error('the suite has its database only from beforeAll on');
    return this.stores.database;
  }

  async useServer(mails: TestMailServer): Promise<void> {
    await this.mails.stop();
    this.mails = mails;
    await mails.start();
  }

  metrics() {
    return mailMetrics(new Metrics(new Registry()));
  }

  /** An instance of the mail sender, at work. */
  async start(name = 'one', options: StartOptions = {}): Promise<MailService> {
    const { store = new DeliveryStore(this.database), maxAttempts = 5, password } = options;
    const [metrics, { logger, streams }] = [this.metrics(), this];
    const smtp = new Smtp({
      ...{ url: this.mails.url, tls: 'off', ratePerSecond: 1000, sendTimeoutMs: 10_000, password },
      connections: CONNECTIONS,
      user: password === undefined ? undefined : 'odograph',
    });
    const sender = new Sender(
      { connections: CONNECTIONS, leaseMs: 20_000, pollMs: 20, maxAttempts },
      store,
      new Composer(FROM, this.links),
      smtp,
      metrics,
      logger,
    );
    const intake = new Intake(
      { stream: MAIL_DELIVERY_COMMANDS, consumer: name, claimThresholdMs: 50, domain: DOMAIN },
      streams,
      store,
      metrics,
      logger,
      () => sender.loop.wake(),
    );
    const service = new MailService(RETENTION_MS, intake, sender, store, smtp, metrics, logger);
    this.running.push(service);
    await service.start();
    return service;
  }

  /** Writes a command as the publishers do, but for the changes; resolves to its delivery id. */
  async command(
    to: string | readonly string[],
    changes: Record<string, string> = {},
    payload: object = {},
  ): Promise<string> {
    this.commands += 1;
    const deliveryId = `email:00000000-0000-5000-8000-${String(this.commands).padStart(12, '0')}:anna`;
    await this.streams.append(MAIL_DELIVERY_COMMANDS, {
      ...{ v: '1', traceparent: '', source: 'notification', payload_mode: 'template' },
      ...{ delivery_id: deliveryId, idempotency_key: `notification:${deliveryId}` },
      requested_at_ms: '1790000001000',
      payload_json: JSON.stringify({
        to: [to].flat(),
        ...callOf('vehicle.geofence.entered'),
        recipient: { user_id: 'anna', tenant_id: 'default' },
        ...payload,
      }),
      ...changes,
    });
    return deliveryId;
  }

  /** The next command is this one again. */
  forgetLastCommand(): void {
    this.commands -= 1;
  }

  rows(): Promise<DeliveryRow[]> {
    return this.owner.query<DeliveryRow>(ROWS);
  }

  async row(deliveryId: string): Promise<DeliveryRow> {
    const found = (await this.rows()).find((each) => each.delivery_id === deliveryId);
    if (found === undefined) throw new Error(`no row ${deliveryId}`);
    return found;
  }

  until(deliveryId: string, state: string): Promise<DeliveryRow> {
    const check = async (): Promise<DeliveryRow> => {
      const found = await this.row(deliveryId);
      if (found.state !== state) throw new Error(`it is ${found.state}: ${found.reason}`);
      return found;
    };
    return eventually(check, { what: `${deliveryId} to be ${state}` });
  }

  suppressions(): Promise<Record<string, unknown>[]> {
    return this.owner.query(SUPPRESSIONS);
  }

  preferences(): Promise<Record<string, unknown>[]> {
    return this.owner.query(PREFERENCES);
  }

  async passTime(): Promise<void> {
    await this.owner.query(PASS_TIME);
  }

  /** As if what has ended had done so a month before. */
  async age(): Promise<void> {
    await this.owner.query(AGE);
  }

  /** The server's next answers to a recipient. */
  refuse(address: string, ...answers: SmtpRefusal[]): void {
    this.mails.toRecipient.set(address, answers);
  }

  private databaseFor(url: string): Database {
    return new Database({
      ...{ url, poolSize: 4, applicationName: 'spec', startupTimeoutMs: 10_000 },
      logger: this.logger,
    });
  }
}

/** What a command says of the sample of a type. */
export function callOf(type: string): object {
  const { templateId, locale, variables } = TEMPLATES.call(
    type,
    { occurredAtMs: 1_790_000_000_000, payload: TEMPLATES.definition(type).sample },
    { locale: 'de-AT', timezone: 'Europe/Vienna', units: 'metric' },
  );
  return { template_id: templateId, locale, variables };
}
