import fc from 'fast-check';
import { encodeMark, OUTBOX_START } from '@app/common/contracts';
import { Database } from '@app/common/database';
import { testServers } from '@app/common/testing';
import { CursorTable, type ReadPlace } from './cursor-table';
import { databaseOptions, spec } from './relay.testing';

const PARTS = [0, 1, 2];
const PLACES: readonly ReadPlace[] = PARTS.map((part) => ({
  cursor: { part, position: OUTBOX_START, acknowledged: new Map() },
  after: OUTBOX_START,
}));
const LIMIT = 100;
const EVENT_ID = '0b7a1f5e-5b3a-5d44-9a3e-1c2d3e4f5a6b';

const INSERT = spec(
  `INSERT INTO outbox.message (generation, part, topic, key, event_id, tenant_id, traceparent, payload, created_at)
   VALUES (1, $1, $2, $3, $4, 'default', $5, $6, $7) RETURNING generation, xid, id`,
);
const EMPTY = spec('TRUNCATE outbox.message');

/** Whatever a text column takes, with the characters on which a batch is taken apart now and then. */
const text = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.string({ unit: 'binary' }) },
      { weight: 1, arbitrary: fc.constant('\x1f') },
    ),
  )
  .map((pieces) => pieces.join('').replaceAll('\0', ''));
const message = fc.record({
  part: fc.constantFrom(...PARTS),
  ...{ topic: text, key: text, traceparent: text, payload: text },
  // As PostgreSQL keeps it and a Date can hold it.
  createdAt: fc.date({ min: new Date(0), max: new Date('2100-01-01T00:00:00Z'), noInvalidDate: true }),
});

describe('Reading the outbox', () => {
  const servers = testServers();
  let admin: Database;
  let relay: Database;
  beforeAll(() => {
    admin = new Database(databaseOptions(servers.postgresUrl()));
    relay = new Database(databaseOptions(servers.postgresUrl('odograph_relay')));
  });
  afterAll(() => Promise.all([admin.stop(1_000), relay.stop(1_000)]));

  it('gives every message as it was written, in order, whatever its texts hold', async () => {
    const table = new CursorTable(relay);
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 12 }), async (written) => {
        await admin.query(EMPTY);
        const expected = new Map<number, unknown[]>();
        for (const { part, topic, key, traceparent, payload, createdAt } of written) {
          const values = [part, topic, key, EVENT_ID, traceparent, payload, createdAt];
          const [row] = await admin.query<{ generation: bigint; xid: bigint; id: bigint }>(INSERT, values);
          if (row === undefined) throw new Error('nothing was written');
          const rest = { topic, key, eventId: EVENT_ID, traceparent, payload, createdAt };
          const each = { part, position: { ...row }, mark: encodeMark(row), ...rest };
          expected.set(part, [...(expected.get(part) ?? []), each]);
        }
        const found = await table.read(PLACES, LIMIT);
        expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
        for (const [part, { inPlace, messages }] of found) {
          expect(inPlace).toBe(true);
          const seen = messages.map((each) => ({
            ...{
              part: each.part,
              position: each.position,
              mark: each.mark,
              topic: each.topic,
              key: each.key,
            },
            ...{ eventId: each.eventId, traceparent: each.traceparent, payload: each.payload },
            createdAt: each.createdAt,
          }));
          expect(seen).toEqual(expected.get(part));
        }
      }),
      { numRuns: 60 },
    );
  });
});
