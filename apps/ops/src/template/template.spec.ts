import { OdoInTest } from '../command-line.testing';

const nowhere = () => 'postgres://nobody@127.0.0.1:1/none';
const odo = new OdoInTest({ operator: nowhere, owner: nowhere });
afterAll(() => odo.close());

const AT = ['--at', '2026-11-22T13:03:05Z'];
const PAYLOAD = {
  event_id: '7d1f5e0c-3f43-5a0e-9d5e-2b6f0c1d9a44',
  ...{ imei: '356307042441013', device_name: 'Van 1', last_seen_at_ms: 1_795_000_000_000 },
};

it('lists every template with its languages', async () => {
  const rows = await odo.many('template', 'list');
  expect(rows).toContainEqual({
    ...{ type: 'vehicle.sos', locales: ['en', 'de', 'fr', 'pt', 'pt-BR'], together: false, mandatory: true },
  });
  expect(rows).toHaveLength(8);
});

it('previews a mail in the terms of its reader', async () => {
  const text = await odo.done(
    ...['template', 'preview', 'vehicle.overspeed.started', '--locale', 'en-US'],
    ...['--timezone', 'America/New_York', '--units', 'imperial', ...AT],
  );
  expect(text).toContain('Locale: en\nSubject: Van 7 is too fast\n');
  expect(text).toContain('Time: November 22, 2026 at 08:03:05 AM EST\nSpeed: 65 mph\nLimit: 56 mph\n');
});

it('falls back as a mail would', async () => {
  const localeOf = async (type: string, locale: string) =>
    (await odo.one('template', 'preview', type, '--locale', locale))['locale'];
  expect(await localeOf('vehicle.sos', 'pt-BR')).toBe('pt-BR');
  expect(await localeOf('vehicle.offline', 'pt-BR')).toBe('pt');
  expect(await localeOf('vehicle.offline', 'ja')).toBe('en');
});

it('tells of what stands in a file, of several payloads at once', async () => {
  const one = odo.file('one.json', JSON.stringify(PAYLOAD));
  expect(await odo.done('template', 'preview', 'vehicle.offline', '--payload', one)).toContain(
    'Van 1 is offline',
  );
  const two = odo.file('two.json', JSON.stringify([PAYLOAD, { ...PAYLOAD, device_name: 'Van 2' }]));
  const text = await odo.done('template', 'preview', 'vehicle.offline', '--payload', two, '--locale', 'de');
  expect(text).toContain('Subject: 2 Fahrzeuge sind offline');
  expect(text).toContain('- Van 2, zuletzt gesehen');
  const many = await odo.done('template', 'preview', 'vehicle.offline', '--count', '250', '--html');
  expect(many).toContain('and 150 more');
});

it.each([
  ['a type that there is not', ['vehicle.towed'], 'no template vehicle.towed'],
  ['a locale that is none', ['vehicle.sos', '--locale', 'no tag'], '--locale is no locale'],
  ['a zone that is none', ['vehicle.sos', '--timezone', 'Mars'], '--timezone is no IANA time zone'],
  ['units that are none', ['vehicle.sos', '--units', 'nautical'], '--units is none of metric, imperial'],
  ['a file that is not there', ['vehicle.sos', '--payload', 'none.json'], 'none.json'],
  ['several where each is told by itself', ['vehicle.sos', '--count', '3'], 'no list form'],
])('refuses %s', async (_what, args, says) => {
  const { status, err } = await odo.run('template', 'preview', ...args);
  expect(status).not.toBe(0);
  expect(err).toContain(says);
});

it('refuses a payload that no producer may send', async () => {
  const file = odo.file('wrong.json', JSON.stringify({ ...PAYLOAD, driver: 'Ann' }));
  const { status, err } = await odo.run('template', 'preview', 'vehicle.offline', '--payload', file);
  expect(status).not.toBe(0);
  expect(err).toContain('driver');
});
