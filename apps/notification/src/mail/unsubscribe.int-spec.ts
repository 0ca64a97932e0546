import { PublicHttpService } from '../public-http';
import { callOf, MailBench } from './mail.testing';
import { UnsubscribePages } from './unsubscribe';
import { UNSUBSCRIBE_PATH, UnsubscribeLinks } from './unsubscribe-links';

const bench = new MailBench();

describe('one-click unsubscription', () => {
  let http: PublicHttpService;

  beforeEach(async () => {
    http = new PublicHttpService({ host: '127.0.0.1', port: 0 }, { state: 'running' }, bench.logger);
    const pages = new UnsubscribePages(bench.links, bench.database, bench.metrics(), bench.logger);
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
    const id = await bench.command('anna@example.org', {}, type === undefined ? {} : callOf(type));
    await bench.start();
    await bench.until(id, 'sent');
    const lines = bench.mails.received.at(-1)?.mail.headerLines ?? [];
    const header = lines.find(({ key }) => key === 'list-unsubscribe')?.line ?? '';
    return /<([^>]+)>/.exec(header.replace(/\s+/g, ''))?.[1];
  }

  it('goes round: the mail names a link, a post to it stops mails of the type, a look at it nothing', async () => {
    const link = await linkInMail();
    const posted = bench.mails.received
      .at(-1)
      ?.mail.headerLines.find(({ key }) => key === 'list-unsubscribe-post');
    expect(posted?.line).toBe('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
    const page = await fetch(here(link ?? ''));
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Abbestellen')]);
    expect(await bench.preferences()).toEqual([]);
    expect((await post(link ?? '')).status).toBe(200);
    expect((await post(link ?? '')).status).toBe(200);
    expect(await bench.preferences()).toEqual([
      {
        ...{ tenant_id: 'default', user_id: 'anna', notification_type: 'vehicle.geofence.entered' },
        ...{ channel: 'email', enabled: false },
      },
    ]);
  });

  it('is not to be had by others, nor by a request that says something else', async () => {
    const unsubscription = { tenantId: 'default', userId: 'anna', type: 'vehicle.geofence.entered' };
    const good = bench.links.urlOf(unsubscription, 'en');
    const forged = new UnsubscribeLinks('https://notify.odograph.example', 'x'.repeat(32));
    expect((await post(forged.urlOf(unsubscription, 'en'))).status).toBe(404);
    expect((await post(good.replace(/(t=[^.]+)\.[^&]+/, '$1.AAAA'))).status).toBe(404);
    expect((await post(good, 'hello')).status).toBe(400);
    expect((await fetch(here(good), { method: 'PUT' })).status).toBe(405);
    expect(await bench.preferences()).toEqual([]);
  });

  it('is not offered for mails that nobody may stop', async () => {
    expect(await linkInMail('vehicle.sos')).toBeUndefined();
    const url = bench.links.urlOf({ tenantId: 'default', userId: 'anna', type: 'vehicle.sos' }, 'en');
    expect((await post(url)).status).toBe(404);
  });
});
