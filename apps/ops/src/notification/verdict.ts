import { detailText } from '../route';
import { type PublishedEntry } from './entries';
import { type RouteStory } from './story';

/** In one sentence what became of a route, or what it waits for, and what has decided that. */
export function verdictOf(story: RouteStory, entry: PublishedEntry | undefined): string {
  const { route } = story;
  switch (route.state) {
    case 'published':
      return `published at ${timeText(route.published_at)}${attemptText(route.attempts)} as ${entryText(entry)}${membersText(route.members)}`;
    case 'publishing':
      return `is being published, attempt ${route.attempts}; its publisher holds it until ${timeText(route.leased_until)}`;
    case 'pending':
      return `waits for a publisher${route.next_attempt_at === null ? '' : `, due since ${timeText(route.next_attempt_at)}`}`;
    case 'retrying':
      return `waits for attempt ${route.attempts + 1} at ${timeText(route.next_attempt_at)}: ${route.last_error ?? 'no error is known'}`;
    case 'scheduled':
      return `put off until ${timeText(route.next_attempt_at)}: ${becauseText(story, ['deferred', 'folded'])}${membersText(route.members)}`;
    case 'dead_lettered':
      return deadText(story);
    default:
      return route.folded_into === null
        ? `${route.state}: ${becauseText(story, [route.state])}`
        : foldedText(story, entry);
  }
}

export const timeText = (time: Date | null): string => time?.toISOString() ?? 'an unknown time';

const attemptText = (attempts: number): string => (attempts > 1 ? `, at attempt ${attempts},` : '');

const membersText = (members: number): string => (members === 0 ? '' : `; ${members} told together with it`);

export function entryText(entry: PublishedEntry | undefined): string {
  if (entry === undefined) return 'an entry that nobody wrote down';
  return `${entry.stream} ${entry.id} (${ENTRY_WORDS[entry.state]})`;
}

const ENTRY_WORDS: Readonly<Record<PublishedEntry['state'], string>> = {
  there: 'still there',
  trimmed: 'gone by its age',
  lost: 'lost by the store',
  replaced: 'gone: another entry has its id now',
  unknown: 'the store was not asked',
};

/** Of the newest decision of these kinds: its reason, and which row, event or window it went by. */
function becauseText({ route, decisions }: RouteStory, kinds: readonly string[]): string {
  const decision = decisions.findLast((one) => kinds.includes(one.decision));
  const detail = decision === undefined ? '' : detailText(decision.detail);
  return [decision?.reason ?? route.reason ?? 'no reason is known', detail].filter(Boolean).join(', ');
}

function foldedText({ route }: RouteStory, entry: PublishedEntry | undefined): string {
  const { lead_state: state, lead_reason: reason, lead_next_attempt_at: nextAt } = route;
  const lead =
    state === 'published'
      ? `was published at ${timeText(route.lead_published_at)} as ${entryText(entry)}`
      : state === 'scheduled' || state === 'pending' || state === 'retrying'
        ? `waits until ${timeText(nextAt)}`
        : `is ${state ?? 'gone'}${reason === null ? '' : ` (${reason})`}`;
  return `told together with ${route.folded_into ?? ''} (${route.reason ?? ''}), which ${lead}`;
}

function deadText({ route, letters }: RouteStory): string {
  const letter = letters.at(-1);
  const died = `given up after ${route.attempts} of ${route.max_attempts} attempts: ${route.reason ?? ''}, ${route.last_error ?? ''}`;
  if (letter === undefined) return died;
  const { resolution, replayed_as: replayedAs, why_resolved: why } = letter;
  if (resolution === 'replayed') return `${died}; replayed as ${replayedAs ?? ''}`;
  if (resolution === 'resolved') return `${died}; resolved: ${why ?? ''}`;
  return `${died}; nothing was done about letter ${letter.letter} yet`;
}
