import { runCommandLine } from './command-line';

const VERBS = ['add', 'list', 'show', 'remove', 'import'];
const NOUNS = ['device', 'geofence', 'rule', 'user', 'subscribe'];
const PREFERENCE = ['set', 'list', 'show', 'remove', 'import'];

async function odo(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const status = await runCommandLine(args, {
    terminal: { out: (text) => (out += text), err: (text) => (err += text) },
    environment: {},
    directory: '/nowhere',
  });
  return { status, out, err };
}

describe('odo', () => {
  it('lists its commands', async () => {
    const { status, out } = await odo('--help');
    expect(status).toBe(0);
    for (const command of ['codec', 'env', 'migrate', 'schema', 'fleet', ...NOUNS])
      expect(out).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it.each([
    ...['owners', 'lag', 'pending', 'claim', 'peek'].map((verb) => ['streams', verb]),
    ...['list', 'show', 'replay', 'resolve'].map((verb) => ['dlq', verb]),
    ...['show', 'reshard'].map((verb) => ['shards', verb]),
    ...['ensure', 'list', 'drop'].map((verb) => ['partitions', verb]),
    ...['print', 'check', 'diff'].map((verb) => ['schema', verb]),
    ...['up', 'down', 'status', 'adopt'].map((verb) => ['migrate', verb]),
    ...['list', 'show', 'retry', 'skip'].map((verb) => ['route', verb]),
    ...['why', 'stats'].map((verb) => ['notification', verb]),
    ...['send', 'validate'].map((verb) => ['intent', verb]),
    ...PREFERENCE.map((verb) => ['preference', verb]),
    ...[
      ['user', 'set'],
      ['subscribe', 'set'],
      ['position', 'list'],
      ['event', 'list'],
    ],
  ])('explains %s %s with an example of itself', async (noun = '', verb = '') => {
    const { status, out } = await odo(noun, verb, '--help');
    expect(status).toBe(0);
    expect(out).toContain(`Example:\n  odo ${noun} ${verb}`);
  });

  it.each([
    ...['list', 'show'].map((verb) => ['intent', 'malformed', verb]),
    ...['list', 'show', 'replay', 'resolve'].map((verb) => ['notification', 'dlq', verb]),
  ])('explains %s %s %s with an example of itself', async (...words) => {
    const { status, out } = await odo(...words, '--help');
    expect(status).toBe(0);
    expect(out).toContain(`Example:\n  odo ${words.join(' ')}`);
  });

  it.each(NOUNS.flatMap((noun) => VERBS.map((verb) => [noun, verb])))(
    'explains %s %s with an example of itself',
    async (noun, verb) => {
      const { status, out } = await odo(noun, verb, '--help');
      expect(status).toBe(0);
      expect(out).toContain(`Example:\n  odo ${noun} ${verb}`);
      expect(out).toContain('--database-url');
    },
  );

  it.each([
    [['device', 'add'], "missing required argument 'imei'"],
    [['device', 'ad'], "unknown command 'ad' (Did you mean add?)"],
    [['device', 'list', '--nme'], "unknown option '--nme'"],
    [['device', 'add', '1234'], '<imei> an IMEI has fifteen digits'],
    [['device', 'add', '356307042441013', '--tenant', 'a b'], '--tenant has to be 1 to 64'],
    [['device', 'add', '356307042441013', 'extra'], 'too many arguments'],
    [
      ['geofence', 'add', 'x', '--longitude', '1', '--latitude', '2'],
      "required option '--radius-m <metres>'",
    ],
    [
      ['geofence', 'add', 'x', '--longitude', '181', '--latitude', 'north', '--radius-m', '0'],
      '--longitude is above 180; --latitude is no number; --radius-m has to be above 0',
    ],
    [['rule', 'add', 'x', '--kind', 'underspeed'], '--kind is none of overspeed'],
    [['rule', 'add', 'x', '--kind', 'overspeed'], '--limit-kmh is missing'],
    [
      ['rule', 'add', 'x', '--kind', 'overspeed', '--limit-kmh', '5', '--since', 'soon'],
      '--since is no moment',
    ],
    [['user', 'add', 'ann', '--email', 'Ann <ann@example.com>'], '--email is no single address'],
    [['user', 'add', 'ann', '--email', 'a@example.com,b@example.com'], '--email is no single address'],
    [['user', 'add', 'ann', '--email', 'a@example.com', '--timezone', '+02:00'], '--timezone is no IANA'],
    [['user', 'add', 'ann', '--email', 'a@example.com', '--timezone', 'Mars/Base'], '--timezone is no IANA'],
    [['user', 'add', 'ann', '--email', 'a@example.com', '--locale', 'no_such'], '--locale is no locale'],
    [['intent', 'send', 'vehicle.parked', '--payload', '-'], '<type> is none of vehicle.overspeed.started'],
    [['intent', 'send', 'vehicle.sos'], "required option '--payload <file>'"],
    [['intent', 'validate', 'none.jsonl'], 'the file cannot be read'],
    [['route', 'show', 'x'], '<route> is no route such as push:<notification>:<user>'],
    [['route', 'list', '--state', 'sent'], '--state is none of pending, scheduled'],
    [['route', 'skip', '--all'], "required option '--reason <text>'"],
    [['notification', 'dlq', 'show', 'x'], '<letter> is no number of a letter'],
    [['notification', 'dlq', 'resolve', '3', '--reason', 'x'], '--reason is shorter than 3'],
    [['notification', 'dlq', 'replay', '--all', '--rate', '0'], '--rate is below 1'],
    [['intent', 'malformed', 'show'], '<id> is missing: give it, or --around <stream id>'],
    [['intent', 'malformed', 'show', 'x'], '<id> is neither a number of the list nor an entry id'],
    [
      ['streams', 'peek', 'notification:intents', '--group', 'notification'],
      '--next goes together with --group',
    ],
    [['user', 'set', 'ann', '--quiet', '22-7'], '--quiet are no quiet hours such as 22:00-07:00'],
    [['user', 'set', 'ann', '--quiet', '22:00-22:00'], '--quiet are no quiet hours'],
    [['user', 'set', 'ann', '--quiet-days', 'monday'], '--quiet-days are no days such as mon-fri'],
    [['user', 'set', 'ann', '--units', 'miles'], '--units is neither metric nor imperial'],
    [['user', 'set', 'ann', '--enabled', 'maybe'], '--enabled is neither true nor false'],
    [['preference', 'set', 'ann'], '--enabled is missing: give on, off, a digest or a throttle'],
    [['preference', 'set', 'ann', '--on', '--off'], '--enabled is said twice'],
    [['preference', 'set', 'ann', '--off', '--type', 'vehicle.parked'], '--type is none of *, vehicle.'],
    [['preference', 'set', 'ann', '--off', '--type', 'vehicle.sos'], '--type is mandatory'],
    [['preference', 'set', '*', '--digest', '1h', '--type', 'vehicle.sos'], '--type is mandatory'],
    [['preference', 'set', 'ann', '--off', '--type', 'system.alert'], '--type tells administrators'],
    [
      ['preference', 'set', 'ann', '--off', '--type', 'vehicle.online', '--channel', 'email'],
      '--channel is none of vehicle.online, which goes by push',
    ],
    [['preference', 'set', 'ann', '--digest', '8d'], '--digest is no window such as 15m'],
    [['preference', 'set', 'ann', '--throttle', '0/10m'], '--throttle is no throttle such as 5/10m'],
    [['preference', 'set', 'ann', '--channel', 'sms', '--off'], '--channel is none of *, push, email'],
    [['subscribe', 'add', 'ann', '--kind', 'parked'], '--kind is none of overspeed.started'],
    [['migrate', 'down', '--steps', '0'], '--steps is below 1'],
    [['shards', 'reshard', '--to', '0'], '--to is below 1'],
    [['shards', 'reshard'], "required option '--to <n>'"],
    [['partitions', 'drop', '--before', 'soon'], '--before is no day'],
    [['dlq', 'show', '3'], '<letter> is no letter'],
    [['streams', 'peek', 'a b'], '<stream> is no name'],
    [['position', 'list', '356307042441013', '--from', 'soon'], '--from is no moment'],
    [['device', 'import', 'none.csv'], 'the file cannot be read'],
  ])('refuses %j in one line with status 2', async (args, words) => {
    const { status, out, err } = await odo(...args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/^INPUT_INVALID: [^\n]+\.\n$/);
    expect(err).toContain(words);
  });

  it('says in one line that there is no database and no stack, with status 1', async () => {
    for (const args of [['device', 'list'], ['migrate', 'up'], ['schema', 'check'], ['env']]) {
      const { status, out, err } = await odo(...args);
      expect({ status, out }).toEqual({ status: 1, out: '' });
      expect(err).toMatch(
        /^(CONFIG_INVALID|SERVER_UNAVAILABLE): [^\n]*no stack runs in this folder[^\n]*\n$/,
      );
    }
  });

  it('shows where an error comes from only when asked', async () => {
    expect((await odo('device', 'list')).err).not.toContain('    at ');
    expect((await odo('device', 'list', '--debug')).err).toContain('    at ');
  });
});
