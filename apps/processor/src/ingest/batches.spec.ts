import fc from 'fast-check';
import { rowsOf } from '../sink';
import { recordOf } from '../sink.testing';
import { BatchSize } from './batch-size';
import { type ReadEntry } from './dead-letters';
import { batchesOf, halvesOf, type Piece, pieceOf, recordCount } from './piece';
import { type OwnedShard, ownedShard } from './shards';

describe('the size of a batch', () => {
  it('grows with a backlog while the database keeps up, and not with a trickle', () => {
    const size = new BatchSize(2000, 500);
    expect(size.records).toBe(250);
    size.committed(3, 1);
    expect(size.records).toBe(250);
    for (let batch = 0; batch < 5; batch += 1) size.committed(size.records, 20);
    expect(size.records).toBe(2000);
    size.committed(2000, 400);
    expect(size.records).toBe(2000);
  });

  it('shrinks when a transaction takes longer than it may, down to a bound', () => {
    const size = new BatchSize(2000, 500);
    size.committed(250, 501);
    expect(size.records).toBe(125);
    for (let batch = 0; batch < 9; batch += 1) size.tooSlow();
    expect(size.records).toBe(16);
    expect(new BatchSize(4, 500).records).toBe(4);
  });
});

const shards = [0, 1, 2].map((number) => ownedShard({ name: `shard:telemetry:${number}`, epoch: 1n }));
const readOf = (shard: OwnedShard, sequence: number): ReadEntry => ({
  ...{ shard, source: { id: `1-${sequence}`, fields: new Map() }, deliveries: 1, isRepeat: false },
});
function piece(shard: OwnedShard, sequence: number, records: number): Piece {
  const entry = { imei: '356307042441013', receivedAtMs: 0, traceparent: undefined };
  const all = Array.from({ length: records }, (_, second) => recordOf({ second }));
  return pieceOf(readOf(shard, sequence), { ...entry, records: rowsOf(all) }, () => true);
}
const pieces = fc
  .array(fc.tuple(fc.nat(2), fc.nat(60)), { maxLength: 40 })
  .map((drawn) =>
    drawn.flatMap(([shard, records], index) => piece(shards[shard] ?? never(), index, records)),
  );
function never(): never {
  throw new Error('there are three shards');
}

describe('cutting into batches', () => {
  it("keeps every entry once, each shard's in their order, and no batch above its size but for one entry", () => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 100 }), (all, most) => {
        const batches = batchesOf(all, most);
        for (const shard of shards) {
          const own = (some: readonly Piece[]) => some.filter(({ read }) => read.shard === shard);
          expect(own(batches.flat())).toEqual(own(all));
        }
        expect(batches.flat()).toHaveLength(all.length);
        for (const batch of batches) {
          expect(batch.length === 1 || recordCount(batch) <= most).toBe(true);
        }
      }),
    );
  });

  it("puts a fresh record before another shard's backlog", () => {
    const [busy = never(), idle = never()] = shards;
    const backlog = Array.from({ length: 20 }, (_, sequence) => piece(busy, sequence, 50));
    const fresh = piece(idle, 1, 1);
    expect(batchesOf([...backlog, fresh], 100)[0]?.[0]).toBe(fresh);
  });
});

describe('halving', () => {
  it('comes down to single records, each once and under its place in the frame', () => {
    fc.assert(
      fc.property(pieces, (all) => {
        const alone: string[] = [];
        const lasts: string[] = [];
        const split = (some: readonly Piece[]): void => {
          const halves = halvesOf(some);
          if (halves !== undefined) return halves.forEach(split);
          for (const { read, records, indexes, isLast } of some) {
            expect(records.length).toBe(indexes.length);
            expect(records.length).toBeLessThanOrEqual(1);
            alone.push(`${read.source.id}#${indexes.join()}`);
            if (isLast) lasts.push(read.source.id);
          }
        };
        split(all);
        const expected = all.flatMap(({ read, indexes }) =>
          indexes.length === 0
            ? [`${read.source.id}#`]
            : indexes.map((index) => `${read.source.id}#${index}`),
        );
        expect(alone).toEqual(expected);
        // An entry counts as stored with its last record, and with no other.
        expect(lasts).toEqual(all.map(({ read }) => read.source.id));
      }),
    );
  });
});
