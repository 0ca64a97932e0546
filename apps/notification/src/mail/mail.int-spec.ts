import pino from 'pino';
import { Registry } from 'prom-client';
import { MAIL_DELIVERY_COMMANDS, MAIL_SENDER_GROUP } from '@app/common/contracts';
import { Database, statement } from '@app/common/database';
import { Metrics } from '@app/common/observability';
import { MemoryStreams } from '@app/common/streams';
import { TEMPLATES } from '@app/common/templates';
import { eventually, testServers } from '@app/common/testing';
import { PublicHttpService } from '../public-http';
import { messageIdOf } from './command';
import { Composer } from './composer';
import { DeliveryStore } from './delivery-store';
import { Intake } from './intake';
import { mailMetrics } from './mail.metrics';
import { MailService } from './mail.service';
import { type SmtpRefusal, TestMailServer } from './mail-server.testing';
import { Sender } from './sender';
import { Smtp } from './smtp';
import { UNSUBSCRIBE_PATH, UnsubscribeLinks } from './unsubscribe-links';
import { UnsubscribePages } from './unsubscribe';

const logger = pino({ level: 'silent' });
const servers = testServers();
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

interface Row {
  delivery_id: string;
  state: string;
  reason: string | null;
  attempts: number;
  smtp_code: number | null;
  accepted_recipients: string[];
  refused_recipients: string[];
}

const FROM = { name: 'Fleet desk', address: 'fleet@odograph.example' };
const RETENTION_MS = 30 * 24 * 3_600_000;

describe('check 25: the mail sender', () => {
  let owner: Database;
  let database: Database;
  let streams: MemoryStreams;
  let mails: TestMailServer;
  const running: MailService[] = [];
  let commands = 0;

  const databaseFor = (url: string) =>
    new Database({ url, poolSize: 4, applicationName: 'spec', startupTimeoutMs: 10_000, logger });

  beforeAll(async () => {
    owner = databaseFor(servers.postgresUrl());
    database = databaseFor(servers.postgresUrl('odograph_notification'));
    await Promise.all([owner.start(), database.start()]);
  });
  afterAll(async () => {
    await Promise.all([owner.stop(1000), database.stop(1000)]);
  });
  beforeEach(async () => {
    await owner.query(CLEAR);
    streams = new MemoryStreams();
    mails = new TestMailServer();
    await mails.start();
  });
  afterEach(async () => {
    for (const service of running.splice(0)) await service.stop(5000);
    await mails.stop();
  });

  const links = new UnsubscribeLinks('https://notify.odograph.example', 'k'.repeat(32));

  async function start(
    name = 'one',
    store = new DeliveryStore(database),
    { maxAttempts = 5, password = '' } = {},
  ): Promise<MailService> {
    const metrics = mailMetrics(new Metrics(new Registry()));
    const smtp = new Smtp({
      ...{ url: mails.url, tls: 'off', connections: 3, ratePerSecond: 1000, sendTimeoutMs: 10_000 },
      user: password === '' ? undefined : 'odograph',
      password: password === '' ? undefined : password,
    });
    const sender = new Sender(
      { connections: 3, leaseMs: 20_000, pollMs: 20, maxAttempts },
      store,
      new Composer(FROM, links),
      smtp,
      metrics,
      logger,
    );
    const stream = MAIL_DELIVERY_COMMANDS;
    const intake = new Intake(
      { stream, consumer: name, claimThresholdMs: 50, domain: 'odograph.example' },
      ...([streams, store, metrics, logger, () => sender.loop.wake()] as const),
    );
    const service = new MailService(RETENTION_MS, intake, sender, store, smtp, metrics, logger);
    running.push(service);
    await service.start();
    return service;
  }

  async function command(
    to: string | string[],
    changes: Record<string, string> = {},
    payload: object = {},
  ): Promise<string> {
    commands += 1;
    const deliveryId = `email:00000000-0000-5000-8000-${String(commands).padStart(12, '0')}:anna`;
    const type = 'vehicle.geofence.entered';
    const occurrence = { occurredAtMs: 1_790_000_000_000, payload: TEMPLATES.definition(type).sample };
    const call = TEMPLATES.call(type, occurrence, {
      locale: 'de-AT',
      timezone: 'Europe/Vienna',
      units: 'metric',
    });
    await streams.append(MAIL_DELIVERY_COMMANDS, {
      ...{
        v: '1',
        traceparent: '',
        delivery_id: deliveryId,
        source: 'notification',
        payload_mode: 'template',
      },
      ...{ idempotency_key: `notification:${deliveryId}`, requested_at_ms: '1790000001000' },
      payload_json: JSON.stringify({
        to: [to].flat(),
        ...{ template_id: call.templateId, locale: call.locale, variables: call.variables },
        recipient: { user_id: 'anna', tenant_id: 'default' },
        ...payload,
      }),
      ...changes,
    });
    return deliveryId;
  }

  const rows = () => owner.query<Row & Record<string, unknown>>(ROWS);
  const row = async (deliveryId: string): Promise<Row> => {
    const found = (await rows()).find((each) => each.delivery_id === deliveryId);
    if (found === undefined) throw new Error(`no row ${deliveryId}`);
    return found;
  };
  const until = (deliveryId: string, state: string): Promise<Row> =>
    eventually(
      async () => {
        const found = await row(deliveryId);
        if (found.state !== state) throw new Error(`it is ${found.state}: ${found.reason}`);
        return found;
      },
      { what: `${deliveryId} to be ${state}` },
    );
  const passTime = () => owner.query(PASS_TIME);
  const refuse = (address: string, ...answers: SmtpRefusal[]) => mails.toRecipient.set(address, answers);

  it('delivers a mail in the words, units and zone of its user, with a way to stop it', async () => {
    const id = await command('anna@example.org');
    await start();
    expect(await until(id, 'sent')).toMatchObject({ attempts: 1, accepted_recipients: ['anna@example.org'] });
    const [received] = mails.received;
    expect(received).toMatchObject({ from: 'fleet@odograph.example', to: ['anna@example.org'] });
    expect(received?.mail.subject).toBe('Van 7 ist in Depot angekommen');
    expect(received?.mail.from?.value).toMatchObject([FROM]);
    expect(received?.mail.text).toContain('Geschwindigkeit: 31 km/h');
    expect(received?.mail.html).toContain('<td style="padding:2px 0">31 km/h</td>');
    expect(received?.mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(received?.mail.messageId).toMatch(/^<[0-9a-f]{40}@odograph\.example>$/);
  });

  it('451, then accepted: one mail, and the same Message-ID as it had', async () => {
    mails.toData.push('451 4.3.0 come back later');
    const id = await command('anna@example.org');
    await start();
    expect(await until(id, 'retrying')).toMatchObject({
      attempts: 1,
      reason: 'smtp_temporary',
      smtp_code: 451,
    });
    await passTime();
    expect(await until(id, 'sent')).toMatchObject({ attempts: 2 });
    expect(mails.received.map(({ mail }) => mail.messageId)).toEqual([messageIdOf(id, 'odograph.example')]);
  });

  it('451 again and again: it fails when its attempts are used up', async () => {
    refuse('anna@example.org', '451 4.2.0 busy', '451 4.2.0 busy', '451 4.2.0 busy');
    const id = await command('anna@example.org');
    await start('one', undefined, { maxAttempts: 2 });
    await until(id, 'retrying');
    await passTime();
    expect(await until(id, 'failed')).toMatchObject({ attempts: 2, reason: 'attempts_exhausted' });
    expect(await owner.query(SUPPRESSIONS)).toEqual([]);
  });

  it('550: permanent, and the address gets nothing any more', async () => {
    refuse('gone@example.org', '550 5.1.1 no such user');
    const [first, second] = [await command('gone@example.org'), await command('bert@example.org')];
    await start();
    expect(await until(first, 'failed')).toMatchObject({
      attempts: 1,
      reason: 'recipient_refused',
      smtp_code: 550,
    });
    await until(second, 'sent');
    expect(await owner.query(SUPPRESSIONS)).toEqual([
      { address: 'gone@example.org', smtp_code: 550, delivery_id: first },
    ]);
    const third = await command('Gone@Example.org');
    expect(await until(third, 'suppressed')).toMatchObject({ reason: 'address_suppressed' });
    expect(mails.received).toHaveLength(1);
  });

  it.each<[string, SmtpRefusal]>([
    ['a relay that is set up wrongly', '550 5.7.1 relaying denied'],
    ['a mailbox that is full', '552 5.2.2 over quota'],
  ])('%s suppresses nobody', async (_what, answer) => {
    refuse('anna@example.org', answer);
    const id = await command('anna@example.org');
    await start();
    await until(id, 'failed');
    expect(await owner.query(SUPPRESSIONS)).toEqual([]);
  });

  it('a refusal of sender or content is permanent, and suppresses nobody', async () => {
    mails.toSender.push('550 5.1.8 bad sender');
    const first = await command('anna@example.org');
    await start();
    expect(await until(first, 'failed')).toMatchObject({ reason: 'smtp_permanent', smtp_code: 550 });
    mails.toData.push('554 5.6.0 we do not like it');
    const second = await command('anna@example.org');
    expect(await until(second, 'failed')).toMatchObject({ reason: 'smtp_permanent', smtp_code: 554 });
    expect(await owner.query(SUPPRESSIONS)).toEqual([]);
  });

  it('of several recipients each is told once, whatever became of the others', async () => {
    refuse('late@example.org', '450 4.2.1 greylisted');
    refuse('gone@example.org', '550 no such user here', '550 no such user here');
    const id = await command(['anna@example.org', 'late@example.org', 'gone@example.org']);
    await start();
    expect(await until(id, 'retrying')).toMatchObject({
      accepted_recipients: ['anna@example.org'],
      refused_recipients: ['gone@example.org'],
    });
    await passTime();
    await until(id, 'sent');
    expect(mails.received.map(({ to }) => to)).toEqual([['anna@example.org'], ['late@example.org']]);
    expect(new Set(mails.received.map(({ mail }) => mail.messageId)).size).toBe(1);
    expect(await owner.query(SUPPRESSIONS)).toMatchObject([{ address: 'gone@example.org' }]);
  });

  it('waits for a server that is not there, and that spends no attempt for good', async () => {
    await mails.stop();
    const id = await command('anna@example.org');
    const service = await start('one', undefined, { maxAttempts: 1 });
    expect(await until(id, 'retrying')).toMatchObject({ reason: 'smtp_outage' });
    expect(await service.check()).toMatchObject({ status: 'degraded' });
    await mails.start();
    await passTime();
    await until(id, 'sent');
    expect(mails.received).toHaveLength(1);
  });

  it('a wrong password of ours is no fault of the mail', async () => {
    await mails.stop();
    mails = new TestMailServer({ user: 'odograph', pass: 'right' });
    await mails.start();
    const id = await command('anna@example.org');
    await start('one', undefined, { maxAttempts: 1, password: 'wrong' });
    expect(await until(id, 'retrying')).toMatchObject({ reason: 'smtp_outage', smtp_code: 535 });
    await running[0]?.stop(5000);
    await start('two', undefined, { password: 'right' });
    await passTime();
    await until(id, 'sent');
  });

  it('a crash between the server’s answer and the row: once more, under the same Message-ID', async () => {
    class DyingStore extends DeliveryStore {
      deaths = 0;
      override settle(...settled: Parameters<DeliveryStore['settle']>) {
        this.deaths += 1;
        return this.deaths === 1 ? Promise.reject(new Error('it died')) : super.settle(...settled);
      }
    }
    const id = await command('anna@example.org');
    const store = new DyingStore(database);
    await start('one', store);
    await eventually(() => store.deaths === 1, { what: 'the death' });
    expect(await row(id)).toMatchObject({ state: 'sending' });
    await passTime();
    await until(id, 'sent');
    const ids = mails.received.map(({ mail }) => mail.messageId);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('who comes back after its lease writes over nothing', async () => {
    let release: (() => void) | undefined;
    mails.beforeAnswer = () => new Promise((resolve) => (release = resolve));
    const id = await command('anna@example.org');
    await start();
    await eventually(() => release !== undefined, { what: 'the first mail' });
    mails.beforeAnswer = undefined;
    await passTime();
    await until(id, 'sent');
    release?.();
    await running[0]?.stop(5000);
    expect(await row(id)).toMatchObject({ state: 'sent', attempts: 2 });
  });

  it('two instances share the work, and each mail goes out once', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 60; n += 1) ids.push(await command(`user${n}@example.org`));
    await Promise.all([start('one'), start('two')]);
    for (const id of ids) await until(id, 'sent');
    expect(mails.received.map(({ to }) => to[0]).sort()).toEqual(
      ids.map((_, n) => `user${n}@example.org`).sort(),
    );
  });

  it('the same command again changes nothing, and what was read and not acknowledged is taken over', async () => {
    const id = await command('anna@example.org');
    await streams.ensureGroup(MAIL_DELIVERY_COMMANDS, MAIL_SENDER_GROUP);
    const signal = new AbortController().signal;
    const read = { stream: MAIL_DELIVERY_COMMANDS, group: MAIL_SENDER_GROUP, consumer: 'dead', count: 10 };
    expect(await streams.readGroup({ ...read, blockMs: 0, signal })).toHaveLength(1);
    commands -= 1;
    expect(await command('anna@example.org')).toBe(id);
    await start();
    await until(id, 'sent');
    await eventually(
      async () => {
        const info = await streams.info(MAIL_DELIVERY_COMMANDS, [MAIL_SENDER_GROUP]);
        const [group] = info?.groups ?? [];
        return group?.pending === 0 && group.lag === 0;
      },
      { what: 'both entries to be acknowledged' },
    );
    expect(mails.received).toHaveLength(1);
  });

  it('keeps what is no command, and sends what comes behind it', async () => {
    const wrong = await command('anna@example.org', { payload_json: '{"to":["no address"]}' });
    await command('anna@example.org', { v: '7' });
    const unfit = await command('anna@example.org', {}, { variables: { device_name: 'Van' } });
    const good = await command('anna@example.org');
    await start();
    await until(good, 'sent');
    expect(await until(unfit, 'failed')).toMatchObject({ reason: 'command_unfit' });
    const kept = (await rows()).filter(({ reason }) => reason === 'command_unreadable');
    expect(kept).toHaveLength(2);
    expect(kept.map(({ delivery_id: id }) => id)).not.toContain(wrong);
    expect(mails.received).toHaveLength(1);
  });

  it('does not send what nobody wants to read any more', async () => {
    const id = await command('anna@example.org', { expires_at_ms: String(Date.now() - 1) });
    await start();
    await until(id, 'expired');
    expect(mails.received).toEqual([]);
  });

  it('sends a mail that brings its text along, with copies and attachments', async () => {
    const payload = {
      ...{
        to: ['anna@example.org'],
        cc: ['cc@example.org'],
        bcc: ['bcc@example.org'],
        reply_to: ['desk@example.org'],
      },
      ...{ subject: 'Report', text_body: 'See below', html_body: '<p>See below</p>' },
      attachments: [
        {
          filename: 'r.csv',
          content_type: 'text/csv',
          content_base64: Buffer.from('a,b').toString('base64'),
        },
      ],
    };
    const id = await command('', { payload_mode: 'rendered', payload_json: JSON.stringify(payload) });
    await start();
    await until(id, 'sent');
    const [received] = mails.received;
    expect(received?.to).toEqual(['anna@example.org', 'cc@example.org', 'bcc@example.org']);
    expect(received?.mail).toMatchObject({ subject: 'Report' });
    expect(received?.mail.headers.has('bcc')).toBe(false);
    expect(received?.mail.replyTo?.text).toBe('desk@example.org');
    expect(received?.mail.attachments.map(({ filename, content }) => [filename, String(content)])).toEqual([
      ['r.csv', 'a,b'],
    ]);
    expect(received?.mail.headers.has('list-unsubscribe')).toBe(false);
  });

  it('forgets what became of mails after their time, and nothing that is to be sent', async () => {
    const done = await command('anna@example.org');
    await start();
    await until(done, 'sent');
    await owner.query(AGE);
    refuse('late@example.org', '451 later');
    const open = await command('late@example.org');
    await until(open, 'retrying');
    const store = new DeliveryStore(database);
    expect([await store.purge(RETENTION_MS, 10), await store.purge(RETENTION_MS, 10)]).toEqual([1, 0]);
    expect((await rows()).map(({ delivery_id: id }) => id)).toEqual([open]);
  });

  describe('one-click unsubscription', () => {
    let http: PublicHttpService;

    beforeEach(async () => {
      http = new PublicHttpService({ host: '127.0.0.1', port: 0 }, { state: 'running' }, logger);
      const pages = new UnsubscribePages(links, database, mailMetrics(new Metrics(new Registry())), logger);
      http.onRequest(UNSUBSCRIBE_PATH, (request, response, url) => pages.handle(request, response, url));
      await http.start();
    });
    afterEach(() => http.stop(1000));

    const here = (link: string): string =>
      link.replace('https://notify.odograph.example', `http://127.0.0.1:${http.port}`);
    const post = (link: string, body = 'List-Unsubscribe=One-Click') =>
      fetch(here(link), {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });

    async function linkInMail(type?: string): Promise<string | undefined> {
      const sample = type === undefined ? undefined : TEMPLATES.definition(type).sample;
      const call =
        type === undefined
          ? {}
          : {
              template_id: type,
              variables: TEMPLATES.call(
                type,
                { occurredAtMs: 0, payload: sample },
                { locale: 'en', timezone: 'UTC', units: 'metric' },
              ).variables,
            };
      const id = await command('anna@example.org', {}, call);
      await start();
      await until(id, 'sent');
      const header = mails.received
        .at(-1)
        ?.mail.headerLines.find(({ key }) => key === 'list-unsubscribe')?.line;
      return /<([^>]+)>/.exec(header?.replace(/\s+/g, '') ?? '')?.[1];
    }

    it('goes round: the mail names a link, a post to it stops mails of the type, a look at it nothing', async () => {
      const link = await linkInMail();
      const posted = mails.received
        .at(-1)
        ?.mail.headerLines.find(({ key }) => key === 'list-unsubscribe-post');
      expect(posted?.line).toBe('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
      const page = await fetch(here(link ?? ''));
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Abbestellen')]);
      expect(await owner.query(PREFERENCES)).toEqual([]);
      expect((await post(link ?? '')).status).toBe(200);
      expect((await post(link ?? '')).status).toBe(200);
      expect(await owner.query(PREFERENCES)).toEqual([
        {
          ...{ tenant_id: 'default', user_id: 'anna', notification_type: 'vehicle.geofence.entered' },
          ...{ channel: 'email', enabled: false },
        },
      ]);
    });

    it('is not to be had by others, nor by a request that says something else', async () => {
      const unsubscription = { tenantId: 'default', userId: 'anna', type: 'vehicle.geofence.entered' };
      const good = links.urlOf(unsubscription, 'en');
      const forged = new UnsubscribeLinks('https://notify.odograph.example', 'x'.repeat(32));
      expect((await post(forged.urlOf(unsubscription, 'en'))).status).toBe(404);
      expect((await post(good.replace(/(t=[^.]+)\.[^&]+/, '$1.AAAA'))).status).toBe(404);
      expect((await post(good, 'hello')).status).toBe(400);
      expect((await fetch(here(good), { method: 'PUT' })).status).toBe(405);
      expect(await owner.query(PREFERENCES)).toEqual([]);
    });

    it('is not offered for mails that nobody may stop', async () => {
      expect(await linkInMail('vehicle.sos')).toBeUndefined();
      const url = links.urlOf({ tenantId: 'default', userId: 'anna', type: 'vehicle.sos' }, 'en');
      expect((await post(url)).status).toBe(404);
    });
  });
});
