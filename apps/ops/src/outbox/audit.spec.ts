import { findingsOf } from './audit-findings';
import { type AuditMinute, type LedgerRow, minutesOfLedger, statusOf } from './audit-minute';

const at = (minute: number): Date => new Date(1_790_000_040_000 + minute * 60_000);
const none = { count: 0, hash: 0n };
const minuteOf = (changes: Partial<AuditMinute>): AuditMinute => ({
  ...{ minute: at(0), topic: 't', part: 0, source: 'counted', unread: 0, lost: 0, doubled: 0 },
  ...{ committed: none, published: none, consumed: none, parked: none, skipped: none },
  ...{ lostIds: [], doubledIds: [], parkedIds: [] },
  ...changes,
});
const row = (stage: string, count: number, hash: number, minute = 0): LedgerRow => ({
  ...{ minute: at(minute), topic: 't', part: 1, stage, count: BigInt(count), hash: BigInt(hash) },
});

describe('findingsOf', () => {
  it('joins adjoining minutes of one topic and part, and nothing else', () => {
    const lost = (minute: number, part: number, id: string) =>
      minuteOf({ minute: at(minute), part, lost: 2, lostIds: [id] });
    const found = findingsOf([lost(0, 1, 'a'), lost(1, 1, 'b'), lost(1, 2, 'c'), lost(3, 1, 'd')], 9);
    expect(found).toMatchObject([
      { part: 1, from: at(0), to: at(2), messages: 4, event_ids: ['a', 'b'] },
      { part: 2, from: at(1), to: at(2), messages: 2, event_ids: ['c'] },
      { part: 1, from: at(3), to: at(4), messages: 2, event_ids: ['d'] },
    ]);
  });

  it('names no more ids than it may', () => {
    const minutes = [0, 1].map((n) =>
      minuteOf({ minute: at(n), doubled: 2, doubledIds: [`${n}a`, `${n}b`] }),
    );
    expect(findingsOf(minutes, 3)).toMatchObject([
      { kind: 'doubled', messages: 4, event_ids: ['0a', '0b', '1a'] },
    ]);
  });
});

describe('minutesOfLedger', () => {
  it.each([
    ['all went through', [row('committed', 2, 3), row('published', 2, 3), row('consumed', 2, 3)], 0, 0],
    [
      'one was skipped',
      [row('committed', 2, 3), row('published', 1, 1), row('skipped', 1, 2), row('consumed', 1, 1)],
      0,
      0,
    ],
    [
      'one was parked',
      [row('committed', 2, 3), row('published', 1, 1), row('parked', 1, 2), row('consumed', 1, 1)],
      0,
      0,
    ],
    ['the stream was trimmed', [row('committed', 2, 3), row('published', 2, 3)], 0, 0],
    ['one did not arrive', [row('committed', 2, 3), row('published', 2, 3), row('consumed', 1, 1)], 1, 0],
    ['nothing arrived', [row('committed', 2, 3), row('published', 2, 3), row('consumed', 0, 0)], 2, 0],
    ['one arrived twice', [row('committed', 2, 3), row('published', 2, 3), row('consumed', 3, 1)], 0, 1],
    ['another one arrived', [row('committed', 2, 3), row('published', 2, 3), row('consumed', 2, 9)], 1, 1],
    ['one went no way', [row('committed', 2, 3), row('published', 1, 1), row('consumed', 1, 1)], 1, 0],
  ])('sees that %s', (_, rows, lost, doubled) => {
    expect(minutesOfLedger(rows)).toMatchObject([{ source: 'ledger', lost, doubled }]);
  });

  it('tells minutes and parts apart', () => {
    expect(
      minutesOfLedger([row('committed', 1, 1), row('committed', 2, 3, 1)]).map(({ minute }) => minute),
    ).toEqual([at(0), at(1)]);
  });
});

describe('statusOf', () => {
  const later = at(10);
  it.each([
    ['even', minuteOf({}), later],
    ['finding', minuteOf({ lost: 1, unread: 1 }), later],
    ['finding', minuteOf({ doubled: 1 }), later],
    ['parked', minuteOf({ parked: { count: 1, hash: 1n }, unread: 1 }), later],
    ['open', minuteOf({ unread: 1 }), later],
    ['open', minuteOf({}), at(0.5)],
    ['even', minuteOf({ source: 'ledger' }), at(0.5)],
    ['unknown', minuteOf({ consumed: null }), later],
  ])('is %s', (status, minute, asOf) => {
    expect(statusOf(minute, asOf)).toBe(status);
  });
});
