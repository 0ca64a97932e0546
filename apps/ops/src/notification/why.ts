import { OdographError } from '@app/common/errors';
import {
  checkArguments,
  formatFields,
  formatTable,
  withMaskedImeis,
  type Column,
  type Invocation,
} from '../cli';
import { entriesOf, type PublishedEntry } from './entries';
import {
  storyOf,
  type MalformedRow,
  type OutboxRow,
  type RecordRow,
  type RouteStory,
  type Story,
} from './story';
import { timelineOf, type Moment } from './timeline';
import { verdictOf } from './verdict';
import { whySchema } from './why.schema';

interface ToldRoute {
  readonly route_id: string;
  readonly state: string;
  /** What became of it, or what it waits for, and what has decided that. */
  readonly why: string;
  readonly entry: PublishedEntry | null;
}

interface ToldNotification {
  readonly record: RecordRow;
  readonly routes: readonly (ToldRoute &
    Omit<RouteStory, 'route'> & { readonly route: RouteStory['route'] })[];
  readonly timeline: readonly Moment[];
}

const routeColumns: readonly Column<ToldRoute>[] = [
  { heading: 'ROUTE', of: ({ route_id: id }) => id },
  { heading: 'STATE', of: ({ state }) => state },
  { heading: 'WHY', of: ({ why }) => why },
];
const momentColumns: readonly Column<Moment>[] = [
  { heading: 'AT', of: ({ at }) => at },
  { heading: 'ROUTE', of: ({ route_id: id }) => id },
  { heading: 'WHAT', of: ({ what }) => what },
  { heading: 'DETAIL', of: ({ detail }) => detail },
];
const malformedColumns: readonly Column<MalformedRow>[] = [
  { heading: 'MALFORMED', of: ({ id }) => id },
  { heading: 'RECORDED', of: ({ recorded_at: at }) => at },
  { heading: 'ENTRY', of: ({ stream_entry_id: id }) => id },
  { heading: 'CODE', of: ({ code }) => code },
  { heading: 'WHY', of: ({ message }) => message },
];

/** `odo notification why`. @throws OdographError NOT_FOUND where nothing knows the id. */
export async function why(invocation: Invocation, named: string | undefined): Promise<void> {
  const { id, full } = checkArguments(whySchema, { id: named }, invocation.options);
  const story = await invocation.read((database) => storyOf(database, id));
  if (isEmpty(story)) {
    throw new OdographError('NOT_FOUND', {
      detail: `no notification, route, event, key, malformed intent or outbox message ${id} is kept`,
    });
  }
  const routes = story.notifications.flatMap((notification) => notification.routes);
  const entries = await entriesOf(
    invocation,
    routes.map(({ route }) => route),
  );
  const notifications = story.notifications.map((notification) => toldOf(notification, entries));
  const told = { ...story, notifications };
  invocation.answer(full ? told : maskedJson(told), () =>
    full ? textOf(told) : withMaskedImeis(textOf(told)),
  );
}

const isEmpty = ({ notifications, malformed, outbox }: Story): boolean =>
  notifications.length + malformed.length + outbox.length === 0;

function toldOf(
  { record, routes }: Story['notifications'][number],
  entries: ReadonlyMap<string, PublishedEntry>,
): ToldNotification {
  return {
    record,
    routes: routes.map((story) => {
      const { route } = story;
      const entry = entries.get(route.route_id);
      const told = { route_id: route.route_id, state: route.state, why: verdictOf(story, entry) };
      return { ...told, entry: entry ?? null, ...story };
    }),
    timeline: timelineOf(record, routes, entries),
  };
}

/** Also of a number that may be an IMEI, which is a text then: masked in the JSON itself it would be none. */
function maskedJson(value: unknown): unknown {
  const mask = (_name: string, member: unknown): unknown => {
    if (typeof member === 'string') return withMaskedImeis(member);
    const masked = typeof member === 'number' ? withMaskedImeis(String(member)) : undefined;
    return masked === undefined || masked === String(member) ? member : masked;
  };
  return JSON.parse(JSON.stringify(value, mask));
}

interface Told extends Omit<Story, 'notifications'> {
  readonly notifications: readonly ToldNotification[];
}

function textOf({ notifications, malformed, outbox }: Told): string {
  return [
    ...notifications.map(notificationText),
    ...(malformed.length === 0 ? [] : [`not accepted\n${formatTable(malformedColumns, malformed)}`]),
    ...outbox.map(outboxText),
  ].join('\n');
}

function notificationText({ record, routes, timeline }: ToldNotification): string {
  const { recipient_user_ids: users, payload, ...fields } = record;
  const head = { ...fields, recipients: users.join(', '), payload };
  const waiting = `it waits until its users are known, and has no routes yet\n`;
  return [
    formatFields(head),
    '\nroutes\n',
    record.state === 'waiting' ? waiting : formatTable(routeColumns, routes),
    '\ntimeline\n',
    formatTable(momentColumns, timeline),
  ].join('');
}

function outboxText(message: OutboxRow): string {
  const {
    event_id: id,
    created_at: at,
    is_passed: isPassed,
    retry_state: retry,
    last_error: error,
  } = message;
  const where =
    retry === 'open' || retry === 'dead'
      ? `is held by the retry lane (${retry}): ${error ?? 'it waits behind another of its key'}`
      : isPassed
        ? 'was published and is not accepted yet: `odo streams peek notification:intents --group notification --next`'
        : 'waits for the relay';
  return `the intent's message ${id} of ${at.toISOString()} ${where}\n`;
}
