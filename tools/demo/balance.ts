/**
 * The balance: exact sets of keys from the simulator's own side against what lies in tables and streams. Pure; what is
 * found is read by evidence.ts, what must be there is worked out by promises.ts.
 */

/** What must be there. */
export interface Promises {
  /** Every record that was sent, by `imei|time|digest`, and whether it was acked: only then it must be a row. */
  readonly records: ReadonlyMap<string, { readonly isAcked: boolean }>;
  readonly events: ReadonlyMap<string, PromisedEvent>;
  /** Frames that cannot be decoded, by `imei|bytes in hex`. */
  readonly undecodable: ReadonlyMap<string, { readonly isAcked: boolean; readonly sends: number }>;
  /** In words. */
  readonly unackedFrames: readonly string[];
  readonly wrongAnswers: readonly string[];
}

export interface PromisedEvent {
  /** For people: what happened when. */
  readonly label: string;
  /** Everything that the row must say beside its id. */
  readonly content: string;
  /** Undefined where it depends on the moment at which it was found. */
  readonly historical: boolean | undefined;
}

/** Who is told of an event, and how, worked out from subscriptions and catalog. */
export interface Audience {
  readonly recipients: readonly string[];
  /** Ids of the notification and of all its routes. */
  readonly notificationId: string;
  readonly routeIds: readonly string[];
}

/** What was found, about the devices of this run only. */
export interface Evidence {
  /** Keys of all rows; a key that is there twice stands here twice. */
  readonly rows: readonly string[];
  readonly events: readonly FoundEvent[];
  /** Event id of every entry. */
  readonly fleetEvents: readonly string[];
  /** Every entry that was seen since the start of the run, those trimmed meanwhile included. */
  readonly intents: readonly { readonly eventId: string; readonly recipients: readonly string[] }[];
  readonly notifications: readonly { readonly notificationId: string; readonly eventId: string }[];
  readonly routes: readonly FoundRoute[];
  /** Route id of every entry. */
  readonly push: readonly string[];
  readonly mail: readonly string[];
  /** `imei|bytes in hex` of every dead letter. */
  readonly deadLetters: readonly string[];
  /** What came in at the people's own end, where somebody is there who looks. */
  readonly receipts?: Receipts;
}

/** Route id of every push that a client got, and of every mail that a mail server took. */
export interface Receipts {
  readonly push: readonly string[];
  readonly mail: readonly string[];
}

export interface FoundEvent {
  readonly eventId: string;
  readonly content: string;
  readonly historical: boolean;
  readonly isRetracted: boolean;
  readonly audience: Audience;
}

export interface FoundRoute {
  readonly routeId: string;
  readonly channel: 'push' | 'email';
  /** One of the ends of a route; see {@link ENDS}. */
  readonly state: string;
}

export interface Difference {
  /** What kind of difference, in words that do not repeat the key. */
  readonly kind: string;
  readonly key: string;
}

/** One line of the balance. */
export interface Account {
  readonly name: string;
  readonly due: number;
  readonly found: number;
  readonly differences: readonly Difference[];
}

export function balance(promises: Promises, evidence: Evidence): Account[] {
  return [
    wire(promises),
    rows(promises, evidence),
    events(promises, evidence),
    fleetEvents(evidence),
    intents(evidence),
    notifications(evidence),
    routes(evidence),
    published('push', evidence.push, evidence),
    published('email', evidence.mail, evidence),
    ...(evidence.receipts === undefined ? [] : receipts(evidence.receipts, evidence)),
    deadLetters(promises, evidence),
  ];
}

/** What is published comes in once, and nothing else does. */
function receipts({ push, mail }: Receipts, evidence: Evidence): Account[] {
  return [
    onceEach('pushes received', new Set(evidence.push), push),
    onceEach('mails received', new Set(evidence.mail), mail),
  ];
}

export const differencesOf = (accounts: readonly Account[]): Difference[] =>
  accounts.flatMap(({ differences }) => differences);

const differ = (kind: string, keys: Iterable<string>): Difference[] =>
  [...keys].map((key) => ({ kind, key }));

function wire({ records, unackedFrames, wrongAnswers }: Promises): Account {
  const acked = [...records.values()].filter(({ isAcked }) => isAcked).length;
  const differences = [
    ...differ('frame was never acked', unackedFrames),
    ...differ('wrong answer on the wire', wrongAnswers),
  ];
  return { name: 'records sent = acked', due: records.size, found: acked, differences };
}

function rows({ records }: Promises, evidence: Evidence): Account {
  const counts = countsOf(evidence.rows);
  const acked = [...records].flatMap(([key, { isAcked }]) => (isAcked ? [key] : []));
  return {
    name: 'acked records = rows',
    due: acked.length,
    found: counts.size,
    differences: [
      ...differ('acked record has no row', missing(acked, counts)),
      ...differ('row comes from nowhere', missing(counts.keys(), records)),
      ...differ('row is there twice', repeated(counts)),
    ],
  };
}

function events({ events: due }: Promises, evidence: Evidence): Account {
  const valid = new Map(
    evidence.events.filter(({ isRetracted }) => !isRetracted).map((event) => [event.eventId, event]),
  );
  const both = [...due].flatMap(([id, wanted]) => {
    const found = valid.get(id);
    return found === undefined ? [] : [{ id, wanted, found }];
  });
  const label = (id: string): string => `${id} ${due.get(id)?.label ?? valid.get(id)?.content ?? ''}`;
  return {
    name: 'events',
    due: due.size,
    found: valid.size,
    differences: [
      ...differ('event is missing', [...missing(due.keys(), valid)].map(label)),
      ...differ('event should not be', [...missing(valid.keys(), due)].map(label)),
      ...both
        .filter(({ wanted, found }) => wanted.content !== found.content)
        .map(({ id, wanted, found }) => ({
          kind: 'event says something else',
          key: `${label(id)}: ${found.content} instead of ${wanted.content}`,
        })),
      ...both
        .filter(
          ({ wanted, found }) => wanted.historical !== undefined && wanted.historical !== found.historical,
        )
        .map(({ id, found }) => ({
          kind: found.historical ? 'event is historical and should page' : 'event pages and is historical',
          key: label(id),
        })),
    ],
  };
}

/** Retracted events were told when they were found, and stay told. */
function fleetEvents(evidence: Evidence): Account {
  const due = new Set(evidence.events.map(({ eventId }) => eventId));
  return onceEach('fleet:events', due, evidence.fleetEvents);
}

function intents(evidence: Evidence): Account {
  const told = new Map(
    evidence.events
      .filter(({ historical, audience }) => !historical && audience.recipients.length > 0)
      .map((event) => [event.eventId, event]),
  );
  const due = [...told.values()].filter(({ isRetracted }) => !isRetracted).map(({ eventId }) => eventId);
  const accepted = new Set(evidence.notifications.map(({ eventId }) => eventId));
  const counts = countsOf(evidence.intents.map(({ eventId }) => eventId));
  const others = evidence.intents.filter(({ eventId, recipients }) => {
    const audience = told.get(eventId)?.audience;
    return audience !== undefined && audience.recipients.join() !== recipients.join();
  });
  return {
    name: 'notification:intents',
    due: due.length,
    found: due.filter((id) => counts.has(id) || accepted.has(id)).length,
    differences: [
      ...differ(
        'event has no intent',
        due.filter((id) => !counts.has(id) && !accepted.has(id)),
      ),
      ...differ('intent without such an event', missing(counts.keys(), told)),
      ...differ('intent is there twice', repeated(counts)),
      ...differ(
        'intent has other recipients',
        others.map(({ eventId }) => eventId),
      ),
    ],
  };
}

/** Every intent is accepted, once; an intent that was trimmed before it was seen is known by its record only. */
function notifications(evidence: Evidence): Account {
  const told = new Set(
    evidence.events
      .filter(({ historical, audience }) => !historical && audience.recipients.length > 0)
      .map(({ eventId }) => eventId),
  );
  const due = new Set([
    ...evidence.intents.map(({ eventId }) => eventId),
    ...evidence.events.flatMap(({ eventId, isRetracted }) =>
      told.has(eventId) && !isRetracted ? [eventId] : [],
    ),
  ]);
  const counts = countsOf(evidence.notifications.map(({ eventId }) => eventId));
  return {
    name: 'intents = notifications',
    due: due.size,
    found: counts.size,
    differences: [
      ...differ('intent was not accepted', missing(due, counts)),
      ...differ('notification without such an event', missing(counts.keys(), told)),
      ...differ('notification is there twice', repeated(counts)),
    ],
  };
}

/** A route ends in one of these; in the first it is in its stream, in the others it is in none. */
const ENDS: ReadonlySet<string> = new Set(['published', 'skipped', 'superseded', 'expired']);

function routes(evidence: Evidence): Account {
  const audiences = new Map(evidence.events.map(({ eventId, audience }) => [eventId, audience]));
  const due = new Set(
    evidence.notifications.flatMap(({ eventId }) => audiences.get(eventId)?.routeIds ?? []),
  );
  const counts = countsOf(evidence.routes.map(({ routeId }) => routeId));
  const open = evidence.routes.filter(({ state }) => !ENDS.has(state));
  return {
    name: 'routes',
    due: due.size,
    found: counts.size,
    differences: [
      ...differ('route is missing', missing(due, counts)),
      ...differ('route should not be', missing(counts.keys(), due)),
      ...differ('route is there twice', repeated(counts)),
      ...open.map(({ routeId, state }) => ({ kind: `route is ${state}`, key: routeId })),
    ],
  };
}

function published(channel: 'push' | 'email', entries: readonly string[], evidence: Evidence): Account {
  const due = evidence.routes.filter((route) => route.channel === channel && route.state === 'published');
  const stream = channel === 'push' ? 'gateway:client-events' : 'mail:delivery_commands';
  return onceEach(stream, new Set(due.map(({ routeId }) => routeId)), entries);
}

function deadLetters({ undecodable }: Promises, evidence: Evidence): Account {
  const acked = [...undecodable].flatMap(([key, { isAcked }]) => (isAcked ? [key] : []));
  const counts = countsOf(evidence.deadLetters);
  // Sent again without an ack, a frame may be parked again; more often than it was sent it may not.
  const tooMany = [...counts].filter(([key, count]) => count > (undecodable.get(key)?.sends ?? Infinity));
  return {
    name: 'dead letters',
    due: acked.length,
    found: counts.size,
    differences: [
      ...differ('undecodable frame is not kept', missing(acked, counts)),
      ...differ('dead letter of a frame that decodes', missing(counts.keys(), undecodable)),
      ...differ(
        'frame is kept more often than it was sent',
        tooMany.map(([key]) => key),
      ),
    ],
  };
}

function onceEach(name: string, due: ReadonlySet<string>, entries: readonly string[]): Account {
  const counts = countsOf(entries);
  return {
    name,
    due: due.size,
    found: counts.size,
    differences: [
      ...differ(`${name}: entry is missing`, missing(due, counts)),
      ...differ(`${name}: entry comes from nowhere`, missing(counts.keys(), due)),
      ...differ(`${name}: entry is there twice`, repeated(counts)),
    ],
  };
}

function countsOf(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function missing(due: Iterable<string>, found: { has(key: string): boolean }): string[] {
  return [...due].filter((key) => !found.has(key));
}

function repeated(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].flatMap(([key, count]) => (count > 1 ? [key] : []));
}
