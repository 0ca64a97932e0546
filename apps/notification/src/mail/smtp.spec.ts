import { eventually } from '@app/common/testing';
import { type ComposedMail } from './composer';
import { TestMailServer } from './mail-server.testing';
import { Smtp, type SmtpOptions } from './smtp';
import { verdictOnFailure } from './smtp-verdict';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function serverOf(credentials?: { user: string; pass: string }): Promise<TestMailServer> {
  const mails = new TestMailServer(credentials);
  await mails.start();
  open.push({ close: () => mails.stop() });
  return mails;
}

function smtpOf(url: string, options: Partial<SmtpOptions> = {}): Smtp {
  const smtp = new Smtp({
    ...{ url, user: undefined, password: undefined, tls: 'off', connections: 1 },
    ...{ ratePerSecond: 1000, sendTimeoutMs: 5000, ...options },
  });
  open.unshift({ close: () => smtp.close(true) });
  return smtp;
}

const MAIL: ComposedMail = {
  envelope: { from: 'fleet@odograph.example', to: ['anna@example.org'] },
  from: { name: '', address: 'fleet@odograph.example' },
  ...{ to: ['anna@example.org'], cc: [], bcc: [], replyTo: [], attachments: [], headers: {} },
  ...{
    subject: 'Hello',
    text: 'Hello',
    messageId: '<1@odograph.example>',
    date: new Date(0),
    priority: 'normal',
  },
};

it('sends nothing in the clear where TLS is required', async () => {
  const mails = await serverOf({ user: 'odograph', pass: 'secret' });
  const smtp = smtpOf(mails.url, { tls: 'required', user: 'odograph', password: 'secret' });
  expect(await smtp.send(MAIL)).toMatchObject({ kind: 'outage' });
  expect(await smtp.verify(5000)).toContain('STARTTLS');
  expect(mails.received).toEqual([]);
});

it('logs in as the URL or the settings say', async () => {
  const mails = await serverOf({ user: 'me@here', pass: 'p:ss/w@rd' });
  const inUrl = mails.url.replace(
    '//',
    `//${encodeURIComponent('me@here')}:${encodeURIComponent('p:ss/w@rd')}@`,
  );
  expect(await smtpOf(inUrl).verify(5000)).toBeUndefined();
  expect(await smtpOf(mails.url, { user: 'me@here', password: 'p:ss/w@rd' }).verify(5000)).toBeUndefined();
  expect(await smtpOf(mails.url, { user: 'me@here', password: 'no' }).verify(5000)).toContain('535');
});

it('tries a mail once: whether one whose answer is lost is sent again is decided where it is written down', async () => {
  const mails = await serverOf();
  mails.beforeAnswer = () => {
    mails.cut();
    return Promise.resolve(undefined);
  };
  expect(await smtpOf(mails.url).send(MAIL)).toMatchObject({ kind: 'outage' });
  expect(mails.received).toHaveLength(1);
});

it('does not wait for a server that says nothing', async () => {
  const mails = await serverOf();
  let release: (() => void) | undefined;
  mails.beforeAnswer = () => new Promise((resolve) => (release = () => resolve(undefined)));
  expect(await smtpOf(mails.url, { sendTimeoutMs: 300 }).send(MAIL)).toMatchObject({ kind: 'outage' });
  await eventually(() => release !== undefined, { what: 'the mail to have come in' });
  release?.();
});

it('takes no word on the session for one on the mail', () => {
  const failure = (command: string, responseCode?: number, code = 'EX') =>
    verdictOnFailure(Object.assign(new Error('refused'), { command, responseCode, code })).kind;
  const ofSession = ['CONN', 'EHLO', 'STARTTLS', 'AUTH PLAIN', 'RSET'].map((command) =>
    failure(command, 554),
  );
  expect(new Set(ofSession)).toEqual(new Set(['outage']));
  expect([failure('DATA', 554), failure('DATA', 451), failure('DATA', 503)]).toEqual([
    ...['permanent', 'temporary', 'temporary'],
  ]);
  expect([failure('MAIL FROM', 530), failure('MAIL FROM', 550)]).toEqual(['outage', 'permanent']);
  expect([failure('API', undefined, 'EENVELOPE'), failure('DATA', undefined, 'ETIMEDOUT')]).toEqual([
    ...['permanent', 'outage'],
  ]);
});

it('takes errors that are none of SMTP for an outage', () => {
  expect(verdictOnFailure(new Error('what is this'))).toMatchObject({ kind: 'outage' });
  expect(verdictOnFailure('nothing')).toMatchObject({ kind: 'outage' });
});
