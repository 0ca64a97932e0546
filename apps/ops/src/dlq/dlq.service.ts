import { LETTER_FIELDS, telemetryDeadLetterStream, telemetryStream } from '@app/common/contracts';
import { OdographError } from '@app/common/errors';
import { compareEntryIds, type StreamEntry, type Streams, text } from '@app/common/streams';
import { shardCount } from '../streams';
import { type ChosenLetters, type LetterFilter } from './dlq.schema';

export interface Letter {
  readonly shard: number;
  readonly entry: StreamEntry;
}

const PAGE = 500;

export const letterName = ({ shard, entry }: Letter): string => `${shard}/${entry.id}`;

const matches =
  ({ code, imei }: LetterFilter) =>
  ({ entry }: Letter): boolean =>
    (code === undefined || text(entry, 'error_code') === code) &&
    (imei === undefined || text(entry, 'imei') === imei);

/** The newest letters over all shards, newest first. */
export async function newestLetters(
  streams: Streams,
  filter: LetterFilter,
  limit: number,
): Promise<readonly Letter[]> {
  const letters: Letter[] = [];
  for await (const page of letterPages(streams)) {
    letters.push(...page.filter(matches(filter)));
    letters.sort((a, b) => compareEntryIds(b.entry.id, a.entry.id)).splice(limit);
  }
  return letters;
}

/** @throws OdographError NOT_FOUND */
export async function findLetter(
  streams: Streams,
  { shard, id }: { readonly shard: number; readonly id: string },
): Promise<Letter> {
  const [entry] = await streams.range(telemetryDeadLetterStream(shard), id, id, 1);
  if (entry === undefined) throw new OdographError('NOT_FOUND', { detail: `no letter ${shard}/${id}` });
  return { shard, entry };
}

/**
 * The letters that were chosen, a page at a time. Those that come while this goes on are left out: a replayed one that
 * fails again must not go round for ever.
 *
 * @throws OdographError INPUT_INVALID where nothing is chosen, or both one and all are.
 */
export async function* chosenLetters(
  streams: Streams,
  { letter, all, code, imei }: ChosenLetters,
): AsyncGenerator<readonly Letter[]> {
  const hasFilter = all || code !== undefined || imei !== undefined;
  if ((letter === undefined) !== hasFilter) {
    throw new OdographError('INPUT_INVALID', { detail: 'name one letter, or --all, --code or --imei' });
  }
  if (letter !== undefined) {
    yield [await findLetter(streams, letter)];
    return;
  }
  for await (const page of letterPages(streams)) {
    const chosen = page.filter(matches({ code, imei }));
    if (chosen.length > 0) yield chosen;
  }
}

async function* letterPages(streams: Streams): AsyncGenerator<readonly Letter[]> {
  const shards = Array.from({ length: await shardCount(streams) }, (_, shard) => shard);
  const ends = await streams.lastIds(shards.map(telemetryDeadLetterStream));
  for (const shard of shards) {
    const stream = telemetryDeadLetterStream(shard);
    const end = ends.get(stream) ?? '0-0';
    for (let from = '-'; ;) {
      const entries = await streams.range(stream, from, end, PAGE);
      const last = entries.at(-1);
      if (last === undefined) break;
      yield entries.map((entry) => ({ shard, entry }));
      if (entries.length < PAGE) break;
      from = `(${last.id}`;
    }
  }
}

/** What became of a letter: the new entry's id, `known` where it had gone back before, or that it is not there. */
export async function replayOne(streams: Streams, { shard, entry }: Letter): Promise<object> {
  return streams.replayLetter({
    deadLetterStream: telemetryDeadLetterStream(shard),
    id: entry.id,
    target: telemetryStream(shard),
    without: LETTER_FIELDS,
  });
}

export async function resolveOne(
  streams: Streams,
  { shard, entry }: Letter,
  reason: string,
): Promise<object> {
  const isResolved = await streams.resolveLetter(telemetryDeadLetterStream(shard), entry.id);
  return { kind: isResolved ? 'resolved' : 'gone', reason };
}
