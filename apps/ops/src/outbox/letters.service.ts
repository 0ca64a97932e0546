import { type QuerySource, statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Change, DEFAULT_TENANT } from '../cli';
import { type ChosenLetters, type ListFilter } from './letters.schema';
import { reopen, skip } from './rows';
import chooseLetters from './sql/choose-letters.sql';
import listLetters from './sql/list-letters.sql';
import purgeLettersSql from './sql/purge-letters.sql';
import showLetterSql from './sql/show-letter.sql';

const CHOOSE = statement('outbox_choose_letters', chooseLetters);
const LIST = statement('outbox_list_letters', listLetters);
const PURGE = statement('outbox_purge_letters', purgeLettersSql);
const SHOW = statement('outbox_show_letter', showLetterSql);

/** More would hold their rows for longer than a relay waits; the rest is for the next call. */
export const MOST_LETTERS = 10_000;

/** A message that was given up, as lists show it. */
export interface Letter {
  readonly letter: string;
  readonly failed_at: Date;
  readonly reason: string;
  readonly kind: string;
  readonly topic: string;
  readonly key: string;
  readonly event_id: string;
  readonly attempts: number;
  readonly last_error: string | null;
}

export interface ListedLetter extends Letter {
  readonly deliveries: number;
  readonly resolution: string | null;
}

export interface ShownLetter extends ListedLetter {
  readonly payload: string;
  /** Row of the retry lane that holds the key; its state is null once that is no longer so. */
  readonly row_id: string;
  readonly row_state: string | null;
  /** How many messages of the key wait behind it. */
  readonly held_behind: number;
}

interface ChosenLetter extends Letter {
  readonly row_id: string;
}

export interface Purged {
  readonly letters: number;
  readonly first: Date | null;
  readonly last: Date | null;
}

/** The newest first. */
export function newestLetters(
  source: QuerySource,
  { topic, why, key, resolved, limit }: ListFilter,
): Promise<readonly ListedLetter[]> {
  return source.query<ListedLetter>(LIST, [topic ?? null, why ?? null, key ?? null, resolved, limit]);
}

/** @throws OdographError NOT_FOUND */
export async function findLetter(source: QuerySource, letter: string): Promise<ShownLetter> {
  const [found] = await source.query<ShownLetter>(SHOW, [letter]);
  if (found === undefined) throw new OdographError('NOT_FOUND', { detail: `no letter ${letter}` });
  return found;
}

/** Gives their messages a new life at once. @throws as {@link chosen}; STILL_IN_USE where a timer's name is taken. */
export async function replayLetters(
  transaction: Transaction,
  choice: ChosenLetters,
): Promise<readonly Change<Letter>[]> {
  const letters = await chosen(transaction, choice, true);
  await reopen(
    transaction,
    letters.map(({ row_id: id }) => id),
  );
  return letters.map((letter) => changeOf(letter, { resolution: 'replayed' }));
}

/** Gives their messages up for good; what waits behind them goes on. @throws as {@link chosen}. */
export async function resolveLetters(
  transaction: Transaction,
  choice: ChosenLetters,
  reason: string,
): Promise<readonly Change<Letter>[]> {
  const letters = await chosen(transaction, choice, false);
  await skip(
    transaction,
    letters.map(({ row_id: id }) => id),
  );
  return letters.map((letter) => changeOf(letter, { resolution: 'skipped', why_resolved: reason }));
}

/** Deletes letters that were resolved and failed before that moment. */
export async function purgeLetters(transaction: Transaction, before: Date): Promise<Change<Purged>> {
  const [purged = { letters: 0, first: null, last: null }] = await transaction.query<Purged>(PURGE, [before]);
  return {
    outcome: purged.letters === 0 ? 'unchanged' : 'removed',
    ...{ tenantId: DEFAULT_TENANT, subject: 'outbox-letters', before: purged, after: null },
  };
}

/** @throws OdographError INPUT_INVALID where nothing is chosen or both one and all are, NOT_FOUND for a single one. */
async function chosen(
  transaction: Transaction,
  { letter, all, topic, why, key }: ChosenLetters,
  onlyDead: boolean,
): Promise<readonly ChosenLetter[]> {
  const hasFilter = all || topic !== undefined || why !== undefined || key !== undefined;
  if ((letter === undefined) !== hasFilter) {
    throw new OdographError('INPUT_INVALID', {
      detail: 'name one letter, or --all, --topic, --why or --key',
    });
  }
  const filter = [letter ?? null, topic ?? null, why ?? null, key ?? null, MOST_LETTERS, onlyDead];
  const letters = await transaction.query<ChosenLetter>(CHOOSE, filter);
  if (letter !== undefined && letters.length === 0) {
    throw new OdographError('NOT_FOUND', { detail: `no letter ${letter} that is not resolved` });
  }
  return letters;
}

function changeOf({ row_id: _rowId, ...letter }: ChosenLetter, changed: object): Change<Letter> {
  return {
    outcome: 'updated',
    ...{ tenantId: DEFAULT_TENANT, subject: `outbox-letter:${letter.letter}` },
    ...{ before: letter, after: { ...letter, ...changed } },
  };
}
