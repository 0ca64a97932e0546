import { balance, differencesOf, type Evidence, type FoundEvent, type Promises } from './balance';

const audienceOf = (event: string): FoundEvent['audience'] => ({
  recipients: ['anna', 'bert'],
  notificationId: `n-${event}`,
  routeIds: ['anna', 'bert'].flatMap((user) => [`push:n-${event}:${user}`, `email:n-${event}:${user}`]),
});

const found = (eventId: string, rest: Partial<FoundEvent> = {}): FoundEvent => ({
  ...{ eventId, content: `${eventId} says so`, historical: false, isRetracted: false },
  audience: audienceOf(eventId),
  ...rest,
});

const routesOf = (event: string): string[] => [...audienceOf(event).routeIds];
const pushOf = (event: string): string[] => routesOf(event).filter((id) => id.startsWith('push:'));
const mailOf = (event: string): string[] => routesOf(event).filter((id) => id.startsWith('email:'));
const routes = (event: string): Evidence['routes'] =>
  routesOf(event).map((routeId) => ({
    ...{ routeId, channel: routeId.startsWith('push:') ? 'push' : 'email', state: 'published' },
  }));

const PROMISES: Promises = {
  records: new Map([
    ['r1', { isAcked: true }],
    ['r2', { isAcked: true }],
    ['r3', { isAcked: true }],
  ]),
  events: new Map([
    ['e1', { label: 'speeding', content: 'e1 says so', historical: false }],
    ['e2', { label: 'entering', content: 'e2 says so', historical: undefined }],
    ['old', { label: 'entering yesterday', content: 'old says so', historical: true }],
    ['quiet', { label: 'nobody asked', content: 'quiet says so', historical: false }],
  ]),
  undecodable: new Map([['bad', { isAcked: true, sends: 1 }]]),
  ...{ unackedFrames: [], wrongAnswers: [] },
};

/** `undone` was found, told and then shown not to have happened: its intent and entries stay. */
const EVIDENCE: Evidence = {
  rows: ['r3', 'r1', 'r2'],
  events: [
    ...[found('e1'), found('e2'), found('old', { historical: true }), found('undone', { isRetracted: true })],
    found('quiet', { audience: { recipients: [], notificationId: 'n-quiet', routeIds: [] } }),
  ],
  fleetEvents: ['e1', 'e2', 'old', 'undone', 'quiet'],
  intents: ['e1', 'e2', 'undone'].map((eventId) => ({ eventId, recipients: ['anna', 'bert'] })),
  notifications: ['e1', 'e2', 'undone'].map((eventId) => ({ notificationId: `n-${eventId}`, eventId })),
  routes: ['e1', 'e2', 'undone'].flatMap(routes),
  push: ['e1', 'e2', 'undone'].flatMap(pushOf),
  mail: ['e1', 'e2', 'undone'].flatMap(mailOf),
  deadLetters: ['bad'],
};

const differences = (evidence: Partial<Evidence>, promises: Partial<Promises> = {}): [string, string][] =>
  differencesOf(balance({ ...PROMISES, ...promises }, { ...EVIDENCE, ...evidence })).map(({ kind, key }) => [
    kind,
    key,
  ]);
const without = <T>(list: readonly T[], ...gone: T[]): T[] => list.filter((each) => !gone.includes(each));

it('is even when every promise was kept, retracted and historical events included', () => {
  expect(differences({})).toEqual([]);
});

it('lets a route end in each of its ends, and in its stream only where it was published', () => {
  const [first = ''] = pushOf('e1');
  for (const state of ['skipped', 'superseded', 'expired']) {
    const ended = EVIDENCE.routes.map((route) => (route.routeId === first ? { ...route, state } : route));
    expect(differences({ routes: ended, push: without(EVIDENCE.push, first) })).toEqual([]);
    expect(differences({ routes: ended })).toEqual([
      ['gateway:client-events: entry comes from nowhere', first],
    ]);
  }
  for (const state of ['pending', 'scheduled', 'publishing', 'retrying', 'dead_lettered']) {
    const open = EVIDENCE.routes.map((route) => (route.routeId === first ? { ...route, state } : route));
    expect(differences({ routes: open, push: without(EVIDENCE.push, first) })).toEqual([
      [`route is ${state}`, first],
    ]);
  }
});

it('accounts for what came in, where somebody looks', () => {
  const { push, mail } = EVIDENCE;
  expect(differences({ receipts: { push, mail } })).toEqual([]);
  const [lostPush = '', twicePush = ''] = push;
  const [lostMail = ''] = mail;
  const odd = {
    push: [...without(push, lostPush), twicePush, 'push:of nobody'],
    mail: without(mail, lostMail),
  };
  expect(differences({ receipts: odd })).toEqual([
    ['pushes received: entry is missing', lostPush],
    ['pushes received: entry comes from nowhere', 'push:of nobody'],
    ['pushes received: entry is there twice', twicePush],
    ['mails received: entry is missing', lostMail],
  ]);
});

it('lets an unacked record be a row or not, and takes a trimmed intent from its record', () => {
  const records = new Map([...PROMISES.records, ['maybe', { isAcked: false }] as const]);
  expect(differences({}, { records })).toEqual([]);
  expect(differences({ rows: [...EVIDENCE.rows, 'maybe'] }, { records })).toEqual([]);
  expect(differences({ intents: EVIDENCE.intents.slice(1) })).toEqual([]);
});

it('lets an event be found before or after its expiry where both can be', () => {
  const late = [
    ...EVIDENCE.events.filter(({ eventId }) => eventId !== 'e2'),
    found('e2', { historical: true }),
  ];
  const rest = {
    intents: EVIDENCE.intents.filter(({ eventId }) => eventId !== 'e2'),
    notifications: EVIDENCE.notifications.filter(({ eventId }) => eventId !== 'e2'),
    routes: ['e1', 'undone'].flatMap(routes),
    push: ['e1', 'undone'].flatMap(pushOf),
    mail: ['e1', 'undone'].flatMap(mailOf),
  };
  expect(differences({ events: late, ...rest })).toEqual([]);
});

const [e1, e2, ...others] = EVIDENCE.events;
const planted: [name: string, evidence: Partial<Evidence>, expected: [string, string][]][] = [
  ['a lost row', { rows: ['r1', 'r2'] }, [['acked record has no row', 'r3']]],
  ['a row too many', { rows: [...EVIDENCE.rows, 'r9'] }, [['row comes from nowhere', 'r9']]],
  ['a row twice', { rows: [...EVIDENCE.rows, 'r1'] }, [['row is there twice', 'r1']]],
  [
    'a lost event',
    {
      events: EVIDENCE.events.filter(({ eventId }) => eventId !== 'quiet'),
      fleetEvents: without(EVIDENCE.fleetEvents, 'quiet'),
    },
    [['event is missing', 'quiet nobody asked']],
  ],
  [
    'an event too many',
    {
      events: [...EVIDENCE.events, found('e9', { historical: true })],
      fleetEvents: [...EVIDENCE.fleetEvents, 'e9'],
    },
    [['event should not be', 'e9 e9 says so']],
  ],
  [
    'an event that says something else',
    { events: [found('e1', { content: 'other' }), ...(e2 ? [e2] : []), ...others] },
    [['event says something else', 'e1 speeding: other instead of e1 says so']],
  ],
  [
    'a retracted event that happened',
    { events: [...(e1 ? [e1] : []), found('e2', { isRetracted: true }), ...others] },
    [['event is missing', 'e2 entering']],
  ],
  [
    'no entry in fleet:events',
    { fleetEvents: without(EVIDENCE.fleetEvents, 'e1') },
    [['fleet:events: entry is missing', 'e1']],
  ],
  [
    'an entry twice in fleet:events',
    { fleetEvents: [...EVIDENCE.fleetEvents, 'e1'] },
    [['fleet:events: entry is there twice', 'e1']],
  ],
  [
    'an entry from nowhere',
    { fleetEvents: [...EVIDENCE.fleetEvents, 'e9'] },
    [['fleet:events: entry comes from nowhere', 'e9']],
  ],
  [
    'an intent twice',
    { intents: [...EVIDENCE.intents, { eventId: 'e1', recipients: ['anna', 'bert'] }] },
    [['intent is there twice', 'e1']],
  ],
  [
    'an intent of a historical event',
    { intents: [...EVIDENCE.intents, { eventId: 'old', recipients: ['anna', 'bert'] }] },
    [
      ['intent without such an event', 'old'],
      ['intent was not accepted', 'old'],
    ],
  ],
  [
    'an intent for somebody else',
    { intents: [{ eventId: 'e1', recipients: ['anna'] }, ...EVIDENCE.intents.slice(1)] },
    [['intent has other recipients', 'e1']],
  ],
  [
    'a notification twice',
    { notifications: [...EVIDENCE.notifications, { notificationId: 'n-e1', eventId: 'e1' }] },
    [['notification is there twice', 'e1']],
  ],
  [
    'a notification of nothing',
    { notifications: [...EVIDENCE.notifications, { notificationId: 'n-e9', eventId: 'e9' }] },
    [['notification without such an event', 'e9']],
  ],
  [
    'a lost route',
    { routes: EVIDENCE.routes.slice(1), push: without(EVIDENCE.push, 'push:n-e1:anna') },
    [['route is missing', 'push:n-e1:anna']],
  ],
  [
    'a route too many',
    { routes: [...EVIDENCE.routes, { routeId: 'push:n-e1:carl', channel: 'push', state: 'skipped' }] },
    [['route should not be', 'push:n-e1:carl']],
  ],
  [
    'a route that waits',
    {
      routes: EVIDENCE.routes.map((route) =>
        route.routeId === 'email:n-e2:bert' ? { ...route, state: 'retrying' } : route,
      ),
      mail: without(EVIDENCE.mail, 'email:n-e2:bert'),
    },
    [['route is retrying', 'email:n-e2:bert']],
  ],
  [
    'no push',
    { push: without(EVIDENCE.push, 'push:n-e1:anna') },
    [['gateway:client-events: entry is missing', 'push:n-e1:anna']],
  ],
  [
    'a push twice',
    { push: [...EVIDENCE.push, 'push:n-e1:anna'] },
    [['gateway:client-events: entry is there twice', 'push:n-e1:anna']],
  ],
  [
    'no mail',
    { mail: without(EVIDENCE.mail, 'email:n-e1:anna') },
    [['mail:delivery_commands: entry is missing', 'email:n-e1:anna']],
  ],
  [
    'a mail to nobody',
    { mail: [...EVIDENCE.mail, 'email:x:y'] },
    [['mail:delivery_commands: entry comes from nowhere', 'email:x:y']],
  ],
  ['a lost dead letter', { deadLetters: [] }, [['undecodable frame is not kept', 'bad']]],
  [
    'a dead letter of a good frame',
    { deadLetters: ['bad', 'good'] },
    [['dead letter of a frame that decodes', 'good']],
  ],
  [
    'a dead letter too many',
    { deadLetters: ['bad', 'bad'] },
    [['frame is kept more often than it was sent', 'bad']],
  ],
];

it.each(planted)('tells of %s', (_name, evidence, expected) => {
  expect(differences(evidence)).toEqual(expected);
});

it('tells of an event without an intent, all the way down', () => {
  const gone = {
    intents: EVIDENCE.intents.slice(1),
    notifications: EVIDENCE.notifications.slice(1),
    routes: ['e2', 'undone'].flatMap(routes),
    push: ['e2', 'undone'].flatMap(pushOf),
    mail: ['e2', 'undone'].flatMap(mailOf),
  };
  expect(differences(gone)).toEqual([
    ['event has no intent', 'e1'],
    ['intent was not accepted', 'e1'],
  ]);
});

it('tells of events that page though they are old, and the other way round', () => {
  const events = new Map(PROMISES.events);
  events.set('e1', { label: 'speeding', content: 'e1 says so', historical: true });
  events.set('old', { label: 'entering yesterday', content: 'old says so', historical: false });
  expect(differences({}, { events })).toEqual([
    ['event pages and is historical', 'e1 speeding'],
    ['event is historical and should page', 'old entering yesterday'],
  ]);
});

it('tells of what went wrong on the wire', () => {
  expect(differences({}, { unackedFrames: ['f1'], wrongAnswers: ['w1'] })).toEqual([
    ['frame was never acked', 'f1'],
    ['wrong answer on the wire', 'w1'],
  ]);
});
