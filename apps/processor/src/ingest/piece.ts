import { rowsOf, type SinkEntry } from '../sink';
import { type ReadEntry } from './dead-letters';

/** An entry, or some of its records, on the way into a transaction. */
export interface Piece extends SinkEntry {
  readonly read: ReadEntry;
  /** Of each record in its frame. */
  readonly indexes: readonly number[];
  /** Nothing of the entry comes after it. */
  readonly isLast: boolean;
}

export function pieceOf(read: ReadEntry, entry: SinkEntry, keeps: (index: number) => boolean): Piece {
  const { records } = entry;
  const indexes: number[] = [];
  for (let index = 0; index < records.length; index += 1) if (keeps(index)) indexes.push(index);
  const isWhole = indexes.length === records.length;
  const kept = isWhole ? records : rowsOf(indexes.map((index) => records.at(index)));
  return { ...entry, read, indexes, records: kept, isLast: true };
}

/** The two halves of a batch; undefined where it is one record. */
export function halvesOf(pieces: readonly Piece[]): [Piece[], Piece[]] | undefined {
  const [first, ...others] = pieces;
  if (first === undefined) return undefined;
  if (others.length > 0) {
    const middle = pieces.length >> 1;
    return [pieces.slice(0, middle), pieces.slice(middle)];
  }
  const middle = first.records.length >> 1;
  if (middle === 0) return undefined;
  return [[partOf(first, 0, middle, false)], [partOf(first, middle, first.records.length, first.isLast)]];
}

/**
 * Cut into transactions of about `records`, each shard's entries in their order. The shard with the fewest comes first:
 * a fresh record must not wait for another shard's backlog.
 */
export function batchesOf(pieces: readonly Piece[], records: number): Piece[][] {
  const byShard = new Map<unknown, Piece[]>();
  for (const piece of pieces) {
    const { shard } = piece.read;
    const found = byShard.get(shard);
    if (found === undefined) byShard.set(shard, [piece]);
    else found.push(piece);
  }
  const batches: Piece[][] = [];
  let room = 0;
  for (const piece of [...byShard.values()].sort((a, b) => recordCount(a) - recordCount(b)).flat()) {
    const last = batches.at(-1);
    if (last === undefined || piece.records.length > room) {
      batches.push([piece]);
      room = records;
    } else last.push(piece);
    // An empty frame takes a little too.
    room -= Math.max(1, piece.records.length);
  }
  return batches;
}

export const recordCount = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, { records }) => sum + records.length, 0);

function partOf(piece: Piece, from: number, to: number, isLast: boolean): Piece {
  return {
    ...piece,
    records: piece.records.slice(from, to),
    indexes: piece.indexes.slice(from, to),
    isLast,
  };
}
