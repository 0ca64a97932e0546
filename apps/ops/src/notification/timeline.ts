import { NOTIFICATION_INTENTS } from '@app/common/contracts';
import { detailText } from '../route';
import { entryText, timeText } from './verdict';
import { type PublishedEntry } from './entries';
import { type RecordRow, type RouteStory } from './story';

/** Something that happened to a notification. */
export interface Moment {
  readonly at: Date;
  /** Null for what concerns the notification as a whole. */
  readonly route_id: string | null;
  readonly what: string;
  readonly detail: string;
}

/** All that happened, in the order of its times; of one time in the order in which one leads to the other. */
export function timelineOf(
  record: RecordRow,
  routes: readonly RouteStory[],
  entries: ReadonlyMap<string, PublishedEntry>,
): readonly Moment[] {
  const moments = [
    ...recordMoments(record),
    ...routes.flatMap((story) => routeMoments(story, entries.get(story.route.route_id))),
  ];
  return moments.sort((a, b) => a.at.getTime() - b.at.getTime());
}

function recordMoments(record: RecordRow): Moment[] {
  const about = (at: Date, what: string, detail: string): Moment => ({ at, route_id: null, what, detail });
  const {
    occurred_at: occurredAt,
    accepted_at: acceptedAt,
    routed_at: routedAt,
    expires_at: expiresAt,
  } = record;
  return [
    about(occurredAt, 'occurred', `expires ${expiresAt === null ? 'as its type says' : timeText(expiresAt)}`),
    about(acceptedAt, 'accepted', `from ${record.producer}, key ${record.idempotency_key}${entryOf(record)}`),
    ...(routedAt === null ? [] : [about(routedAt, 'routed', `after ${record.lookups} lookups of its users`)]),
    ...(record.next_lookup_at === null
      ? []
      : [about(record.next_lookup_at, 'next lookup of its users', waitText(record))]),
  ];
}

const entryOf = ({ stream_entry_id: id }: RecordRow): string =>
  id === null ? '' : `, entry ${id} of ${NOTIFICATION_INTENTS}`;

const waitText = ({ lookups, last_lookup_error: error }: RecordRow): string =>
  `${lookups} so far${error === null ? '' : `, the last: ${error}`}`;

function routeMoments(
  { route, decisions, letters }: RouteStory,
  entry: PublishedEntry | undefined,
): Moment[] {
  const about = (at: Date, what: string, detail: string): Moment => ({
    ...{ at, route_id: route.route_id, what, detail },
  });
  return [
    about(route.created_at, 'route opened', route.replay_of === null ? '' : `replay of ${route.replay_of}`),
    ...decisions.map(({ decided_at: at, attempt, decision, reason, detail }) =>
      about(
        at,
        `${decision} (${reason})`,
        [`attempt ${attempt}`, detailText(detail)].filter(Boolean).join(': '),
      ),
    ),
    ...letters.flatMap((letter) => [
      about(
        letter.failed_at,
        'dead letter',
        `${letter.letter}: ${letter.error_class}, ${letter.error_message}`,
      ),
      ...(letter.resolved_at === null
        ? []
        : [about(letter.resolved_at, `letter ${letter.resolution ?? ''}`, resolutionText(letter))]),
    ]),
    ...(route.published_at === null ? [] : [about(route.published_at, 'published', entryText(entry))]),
  ];
}

function resolutionText({
  resolved_by: by,
  replayed_as: replayedAs,
  why_resolved: why,
}: RouteStory['letters'][number]): string {
  return [
    `by ${by ?? ''}`,
    ...(replayedAs === null ? [] : [`as ${replayedAs}`]),
    ...(why === null ? [] : [why]),
  ].join(', ');
}
