import { MAIL_DELIVERY_COMMANDS, MAIL_SENDER_GROUP } from '@app/common/contracts';
import { eventually } from '@app/common/testing';
import { messageIdOf } from './command';
import { DeliveryStore } from './delivery-store';
import { DOMAIN, FROM, MailBench, RETENTION_MS } from './mail.testing';
import { type SmtpRefusal, TestMailServer } from './mail-server.testing';

const bench = new MailBench();

describe('check 25: the mail sender', () => {
  it('delivers a mail in the words, units and zone of its user, with a way to stop it', async () => {
    const id = await bench.command('anna@example.org');
    await bench.start();
    expect(await bench.until(id, 'sent')).toMatchObject({
      attempts: 1,
      accepted_recipients: ['anna@example.org'],
    });
    const [received] = bench.mails.received;
    expect(received).toMatchObject({ from: 'fleet@odograph.example', to: ['anna@example.org'] });
    expect(received?.mail.subject).toBe('Van 7 ist in Depot angekommen');
    expect(received?.mail.from?.value).toMatchObject([FROM]);
    expect(received?.mail.text).toContain('Geschwindigkeit: 31 km/h');
    expect(received?.mail.html).toContain('<td style="padding:2px 0">31 km/h</td>');
    expect(received?.mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(received?.mail.messageId).toMatch(/^<[0-9a-f]{40}@odograph\.example>$/);
  });

  it('451, then accepted: one mail, and the same Message-ID as it had', async () => {
    bench.mails.toData.push('451 4.3.0 come back later');
    const id = await bench.command('anna@example.org');
    await bench.start();
    expect(await bench.until(id, 'retrying')).toMatchObject({
      attempts: 1,
      reason: 'smtp_temporary',
      smtp_code: 451,
    });
    await bench.passTime();
    expect(await bench.until(id, 'sent')).toMatchObject({ attempts: 2 });
    expect(bench.mails.received.map(({ mail }) => mail.messageId)).toEqual([messageIdOf(id, DOMAIN)]);
  });

  it('451 again and again: it fails when its attempts are used up', async () => {
    bench.refuse('anna@example.org', '451 4.2.0 busy', '451 4.2.0 busy', '451 4.2.0 busy');
    const id = await bench.command('anna@example.org');
    await bench.start('one', { maxAttempts: 2 });
    await bench.until(id, 'retrying');
    await bench.passTime();
    expect(await bench.until(id, 'failed')).toMatchObject({ attempts: 2, reason: 'attempts_exhausted' });
    expect(await bench.suppressions()).toEqual([]);
  });

  it('550: permanent, and the address gets nothing any more', async () => {
    bench.refuse('gone@example.org', '550 5.1.1 no such user');
    const [first, second] = [
      await bench.command('gone@example.org'),
      await bench.command('bert@example.org'),
    ];
    await bench.start();
    expect(await bench.until(first, 'failed')).toMatchObject({
      attempts: 1,
      reason: 'recipient_refused',
      smtp_code: 550,
    });
    await bench.until(second, 'sent');
    expect(await bench.suppressions()).toEqual([
      { address: 'gone@example.org', smtp_code: 550, delivery_id: first },
    ]);
    const third = await bench.command('Gone@Example.org');
    expect(await bench.until(third, 'suppressed')).toMatchObject({ reason: 'address_suppressed' });
    expect(bench.mails.received).toHaveLength(1);
  });

  it.each<[string, SmtpRefusal]>([
    ['a relay that is set up wrongly', '550 5.7.1 relaying denied'],
    ['a mailbox that is full', '552 5.2.2 over quota'],
  ])('%s suppresses nobody', async (_what, answer) => {
    bench.refuse('anna@example.org', answer);
    const id = await bench.command('anna@example.org');
    await bench.start();
    await bench.until(id, 'failed');
    expect(await bench.suppressions()).toEqual([]);
  });

  it('a refusal of sender or content is permanent, and suppresses nobody', async () => {
    bench.mails.toSender.push('550 5.1.8 bad sender');
    const first = await bench.command('anna@example.org');
    await bench.start();
    expect(await bench.until(first, 'failed')).toMatchObject({ reason: 'smtp_permanent', smtp_code: 550 });
    bench.mails.toData.push('554 5.6.0 we do not like it');
    const second = await bench.command('anna@example.org');
    expect(await bench.until(second, 'failed')).toMatchObject({ reason: 'smtp_permanent', smtp_code: 554 });
    expect(await bench.suppressions()).toEqual([]);
  });

  it('of several recipients each is told once, whatever became of the others', async () => {
    bench.refuse('late@example.org', '450 4.2.1 greylisted');
    bench.refuse('gone@example.org', '550 no such user here', '550 no such user here');
    const id = await bench.command(['anna@example.org', 'late@example.org', 'gone@example.org']);
    await bench.start();
    expect(await bench.until(id, 'retrying')).toMatchObject({
      accepted_recipients: ['anna@example.org'],
      refused_recipients: ['gone@example.org'],
    });
    await bench.passTime();
    await bench.until(id, 'sent');
    expect(bench.mails.received.map(({ to }) => to)).toEqual([['anna@example.org'], ['late@example.org']]);
    expect(new Set(bench.mails.received.map(({ mail }) => mail.messageId)).size).toBe(1);
    expect(await bench.suppressions()).toMatchObject([{ address: 'gone@example.org' }]);
  });

  it('waits for a server that is not there, and that spends no attempt for good', async () => {
    await bench.mails.stop();
    const id = await bench.command('anna@example.org');
    const service = await bench.start('one', { maxAttempts: 1 });
    expect(await bench.until(id, 'retrying')).toMatchObject({ reason: 'smtp_outage' });
    expect(await service.check()).toMatchObject({ status: 'degraded' });
    await bench.mails.start();
    await bench.passTime();
    await bench.until(id, 'sent');
    expect(bench.mails.received).toHaveLength(1);
  });

  it('a wrong password of ours is no fault of the mail', async () => {
    await bench.useServer(new TestMailServer({ user: 'odograph', pass: 'right' }));
    const id = await bench.command('anna@example.org');
    await bench.start('one', { maxAttempts: 1, password: 'wrong' });
    expect(await bench.until(id, 'retrying')).toMatchObject({ reason: 'smtp_outage', smtp_code: 535 });
    await bench.running[0]?.stop(5000);
    await bench.start('two', { password: 'right' });
    await bench.passTime();
    await bench.until(id, 'sent');
  });

  it('a crash between the server’s answer and the row: once more, under the same Message-ID', async () => {
    class DyingStore extends DeliveryStore {
      deaths = 0;
      override settle(...settled: Parameters<DeliveryStore['settle']>) {
        this.deaths += 1;
        return this.deaths === 1 ? Promise.reject(new Error('it died')) : super.settle(...settled);
      }
    }
    const id = await bench.command('anna@example.org');
    const store = new DyingStore(bench.database);
    await bench.start('one', { store });
    await eventually(() => store.deaths === 1, { what: 'the death' });
    expect(await bench.row(id)).toMatchObject({ state: 'sending' });
    await bench.passTime();
    await bench.until(id, 'sent');
    const ids = bench.mails.received.map(({ mail }) => mail.messageId);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('who comes back after its lease writes over nothing', async () => {
    let release: ((answer: SmtpRefusal) => void) | undefined;
    bench.mails.beforeAnswer = () => new Promise((resolve) => (release = resolve));
    const id = await bench.command('anna@example.org');
    await bench.start();
    await eventually(() => release !== undefined, { what: 'the first mail' });
    bench.mails.beforeAnswer = undefined;
    await bench.passTime();
    await bench.until(id, 'sent');
    release?.('550 5.6.0 now it does not like it');
    await bench.running[0]?.stop(5000);
    expect(await bench.row(id)).toMatchObject({ state: 'sent', attempts: 2 });
  });

  it('two instances share the work, and each mail goes out once', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 60; n += 1) ids.push(await bench.command(`user${n}@example.org`));
    await Promise.all([bench.start('one'), bench.start('two')]);
    for (const id of ids) await bench.until(id, 'sent');
    expect(bench.mails.received.map(({ to }) => to[0]).sort()).toEqual(
      ids.map((_, n) => `user${n}@example.org`).sort(),
    );
  });

  it('the same command again changes nothing, and what was read and not acknowledged is taken over', async () => {
    const id = await bench.command('anna@example.org');
    await bench.streams.ensureGroup(MAIL_DELIVERY_COMMANDS, MAIL_SENDER_GROUP);
    const signal = new AbortController().signal;
    const read = { stream: MAIL_DELIVERY_COMMANDS, group: MAIL_SENDER_GROUP, consumer: 'dead', count: 10 };
    expect(await bench.streams.readGroup({ ...read, blockMs: 0, signal })).toHaveLength(1);
    bench.forgetLastCommand();
    expect(await bench.command('anna@example.org')).toBe(id);
    await bench.start();
    await bench.until(id, 'sent');
    await eventually(
      async () => {
        const info = await bench.streams.info(MAIL_DELIVERY_COMMANDS, [MAIL_SENDER_GROUP]);
        const [group] = info?.groups ?? [];
        return group?.pending === 0 && group.lag === 0;
      },
      { what: 'both entries to be acknowledged' },
    );
    expect(bench.mails.received).toHaveLength(1);
  });

  it('keeps what is no command, and sends what comes behind it', async () => {
    const wrong = await bench.command('anna@example.org', { payload_json: '{"to":["no address"]}' });
    await bench.command('anna@example.org', { v: '7' });
    const unfit = await bench.command('anna@example.org', {}, { variables: { device_name: 'Van' } });
    const good = await bench.command('anna@example.org');
    await bench.start();
    await bench.until(good, 'sent');
    expect(await bench.until(unfit, 'failed')).toMatchObject({ reason: 'command_unfit' });
    const kept = (await bench.rows()).filter(({ reason }) => reason === 'command_unreadable');
    expect(kept).toHaveLength(2);
    expect(kept.map(({ delivery_id: id }) => id)).not.toContain(wrong);
    expect(bench.mails.received).toHaveLength(1);
  });

  it('does not send what nobody wants to read any more', async () => {
    const id = await bench.command('anna@example.org', { expires_at_ms: String(Date.now() - 1) });
    await bench.start();
    await bench.until(id, 'expired');
    expect(bench.mails.received).toEqual([]);
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
    const id = await bench.command('', { payload_mode: 'rendered', payload_json: JSON.stringify(payload) });
    await bench.start();
    await bench.until(id, 'sent');
    const [received] = bench.mails.received;
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
    const done = await bench.command('anna@example.org');
    await bench.start();
    await bench.until(done, 'sent');
    await bench.age();
    bench.refuse('late@example.org', '451 later');
    const open = await bench.command('late@example.org');
    await bench.until(open, 'retrying');
    const store = new DeliveryStore(bench.database);
    expect([await store.purge(RETENTION_MS, 10), await store.purge(RETENTION_MS, 10)]).toEqual([1, 0]);
    expect((await bench.rows()).map(({ delivery_id: id }) => id)).toEqual([open]);
  });
});
