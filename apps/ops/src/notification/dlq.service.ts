import { INTENT_CATALOG } from '@app/common/contracts';
import { type QuerySource, statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Change } from '../cli';
import { type ChosenLetters, type ListFilter } from './dlq.schema';
import chooseLetters from './sql/choose-letters.sql';
import findLetterStatement from './sql/find-letter.sql';
import listLetters from './sql/list-letters.sql';
import moveMembers from './sql/move-members.sql';
import replayLettersStatement from './sql/replay-letters.sql';
import resolveLettersStatement from './sql/resolve-letters.sql';

const CHOOSE = statement('notification_choose_letters', chooseLetters);
const FIND = statement('notification_find_letter', findLetterStatement);
const LIST = statement('notification_list_letters', listLetters);
const MOVE_MEMBERS = statement('notification_move_members', moveMembers);
const REPLAY = statement('notification_replay_letters', replayLettersStatement);
const RESOLVE = statement('notification_resolve_letters', resolveLettersStatement);

/** More would hold their rows for longer than a publisher waits; the rest is for the next call. */
export const MOST_LETTERS = 10_000;
/** A route that has died so often dies of what no replay mends. */
export const MOST_REPLAYS = 5;

/** A route that was given up. */
export interface Letter {
  readonly letter: string;
  readonly failed_at: Date;
  readonly route_id: string;
  readonly notification_id: string;
  readonly tenant_id: string;
  readonly channel: string;
  readonly recipient: string;
  readonly attempts: number;
  readonly error_class: string;
  readonly error_message: string;
  readonly notification_type: string;
  readonly subject: string;
}

export interface ListedLetter extends Letter {
  readonly resolution: string | null;
  readonly replayed_as: string | null;
}

export interface ShownLetter extends ListedLetter {
  readonly occurred_at: Date;
  readonly resolved_by: string | null;
  readonly resolved_at: Date | null;
  readonly why_resolved: string | null;
  /** Of the route that it was replayed as. */
  readonly replayed_state: string | null;
  /** The dead route that this one was a replay of. */
  readonly replay_of: string | null;
}

interface ChosenLetter extends Letter {
  readonly occurred_at: Date;
  readonly expires_at: Date | null;
  readonly has_members: boolean;
}

/** What is done about a letter: `replayed` or `resolved`; or why it is not replayed: its event is too old, it died too often. */
export interface LetterOutcome extends Letter {
  readonly kind: 'replayed' | 'resolved' | 'expired' | 'too_many_replays';
  /** Null where it is not replayed. */
  readonly replayed_as: string | null;
}

/** The newest first. */
export function newestLetters(
  source: QuerySource,
  { channel, class: errorClass, type, recipient, tenant, since, resolved, limit }: ListFilter,
): Promise<readonly ListedLetter[]> {
  const where = [channel, errorClass, type, recipient, tenant, since].map((each) => each ?? null);
  return source.query<ListedLetter>(LIST, [...where, resolved, limit]);
}

/** @throws OdographError NOT_FOUND */
export async function findLetter(source: QuerySource, letter: string): Promise<ShownLetter> {
  const [found] = await source.query<ShownLetter>(FIND, [letter]);
  if (found === undefined) throw new OdographError('NOT_FOUND', { detail: `no letter ${letter}` });
  return found;
}

/** Who answers for what is done to letters, and why. */
export interface Resolver {
  readonly by: string;
  readonly why: string | undefined;
}

/**
 * Begins a new lineage of attempts for each letter, as a route of its own; the dead routes and their letters stay as they
 * are. Those whose event is too old to be told of, or that have died too often, are left as they are and said so.
 *
 * @param rate routes a second: each is due so much later than the one before.
 * @throws as {@link chosen}; of a single letter also WRONG_STATE where it cannot be replayed.
 */
export async function replayLetters(
  transaction: Transaction,
  choice: ChosenLetters,
  { by, why, rate }: Resolver & { readonly rate: number },
): Promise<readonly LetterOutcome[]> {
  const outcomes = (await chosen(transaction, choice)).map((letter) => outcomeOf(letter, Date.now()));
  const [first] = outcomes;
  if (choice.letter !== undefined && first !== undefined && first.kind !== 'replayed') {
    throw new OdographError('WRONG_STATE', { detail: WHY_NOT[first.kind] });
  }
  const replayed = outcomes.filter(({ kind }) => kind === 'replayed');
  if (replayed.length === 0) return outcomes;
  const newIds = replayed.map(({ replayed_as: id }) => id);
  await transaction.query(REPLAY, [...[replayed.map(({ letter }) => letter), newIds, rate, by, why ?? null]]);
  await transaction.query(MOVE_MEMBERS, [replayed.map(({ route_id: id }) => id), newIds]);
  return outcomes;
}

const WHY_NOT = {
  expired: 'its event is too old to be told of: a replay would expire at once. Resolve it',
  too_many_replays: `it has died ${MOST_REPLAYS + 1} times; another replay would die too. Mend the cause and send a new intent`,
  resolved: 'it is resolved',
} as const;

/** Puts letters aside for good. @throws as {@link chosen}. */
export async function resolveLetters(
  transaction: Transaction,
  choice: ChosenLetters,
  { by, why }: Resolver,
): Promise<readonly LetterOutcome[]> {
  const letters = await chosen(transaction, choice);
  await transaction.query(RESOLVE, [letters.map(({ letter }) => letter), by, why ?? null]);
  return letters.map((letter) => ({ ...bare(letter), kind: 'resolved', replayed_as: null }));
}

/** As the audit has it: the letter before, and what was done about it. */
export function changeOf({ kind, replayed_as: replayedAs, ...letter }: LetterOutcome): Change<object> {
  return {
    outcome: kind === 'replayed' || kind === 'resolved' ? 'updated' : 'unchanged',
    ...{ tenantId: letter.tenant_id, subject: `dead-letter:${letter.letter}`, before: letter },
    after: { ...letter, resolution: kind, replayed_as: replayedAs },
  };
}

/**
 * @throws OdographError INPUT_INVALID where nothing is chosen or both one and all are; of a single one NOT_FOUND, or
 * WRONG_STATE where something was done about it already.
 */
async function chosen(
  transaction: Transaction,
  { letter, all, dry_run: _dryRun, yes: _yes, reason: _reason, ...filter }: ChosenLetters,
): Promise<readonly ChosenLetter[]> {
  const { channel, class: errorClass, type, recipient, tenant, since } = filter;
  const where = [channel, errorClass, type, recipient, tenant, since].map((each) => each ?? null);
  if ((letter === undefined) !== (all || where.some((each) => each !== null))) {
    throw new OdographError('INPUT_INVALID', { detail: 'name one letter, or choose by filters or --all' });
  }
  const letters = await transaction.query<ChosenLetter>(CHOOSE, [letter ?? null, ...where, MOST_LETTERS]);
  if (letter !== undefined && letters.length === 0) {
    const {
      resolution,
      replayed_as: replayedAs,
      replayed_state: state,
    } = await findLetter(transaction, letter);
    const what =
      resolution === 'replayed'
        ? `replayed already, as ${replayedAs ?? ''} (${state ?? ''})`
        : 'resolved already';
    throw new OdographError('WRONG_STATE', { detail: `letter ${letter} is ${what}` });
  }
  return letters;
}

const GENERATION = /#r(\d{1,9})$/;

/** A replay's id is that of the first route with its generation behind: the sink takes it for a message of its own. */
function outcomeOf(letter: ChosenLetter, nowMs: number): LetterOutcome {
  const generation = Number(GENERATION.exec(letter.route_id)?.[1] ?? 0);
  if (generation >= MOST_REPLAYS) return { ...bare(letter), kind: 'too_many_replays', replayed_as: null };
  if (!letter.has_members && expiresAtMs(letter) <= nowMs) {
    return { ...bare(letter), kind: 'expired', replayed_as: null };
  }
  const replayedAs = `${letter.route_id.replace(GENERATION, '')}#r${generation + 1}`;
  return { ...bare(letter), kind: 'replayed', replayed_as: replayedAs };
}

function expiresAtMs({
  expires_at: expiresAt,
  occurred_at: occurredAt,
  notification_type: type,
}: ChosenLetter): number {
  if (expiresAt !== null) return expiresAt.getTime();
  return occurredAt.getTime() + (INTENT_CATALOG.get(type)?.expiresAfterMs ?? Infinity);
}

function bare({
  occurred_at: _occurredAt,
  expires_at: _expiresAt,
  has_members: _hasMembers,
  ...letter
}: ChosenLetter): Letter {
  return letter;
}
