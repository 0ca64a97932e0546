/** A number of messages and the XOR of their event hashes. */
export interface Tally {
  readonly count: number;
  readonly hash: bigint;
}

/** What became of the messages of one topic and part that were written in one minute. */
export interface AuditMinute {
  readonly minute: Date;
  readonly topic: string;
  readonly part: number;
  /** The ledger's word of a closed hour, or counted now. */
  readonly source: 'ledger' | 'counted';
  readonly committed: Tally;
  readonly published: Tally;
  /** Null where the stream had been trimmed. */
  readonly consumed: Tally | null;
  readonly parked: Tally;
  readonly skipped: Tally;
  /** Behind the cursor of its part. */
  readonly unread: number;
  readonly lost: number;
  readonly doubled: number;
  /** Some of them, where they are known. */
  readonly lostIds: readonly string[];
  readonly doubledIds: readonly string[];
  readonly parkedIds: readonly string[];
}

/** `unknown`: published, and its stream trimmed since. */
export type MinuteStatus = 'even' | 'open' | 'parked' | 'unknown' | 'finding';

/** How a minute stands; messages that wait to be published are none the worse for it. */
export function statusOf(minute: AuditMinute, asOf: Date): MinuteStatus {
  if (minute.lost > 0 || minute.doubled > 0) return 'finding';
  if (minute.parked.count > 0) return 'parked';
  // What is still being written, or read, may change the figures a moment later.
  if (
    minute.unread > 0 ||
    (minute.source === 'counted' && asOf.getTime() - minute.minute.getTime() < MINUTE_MS)
  )
    return 'open';
  return minute.consumed === null ? 'unknown' : 'even';
}

export const MINUTE_MS = 60_000;
const NONE: Tally = { count: 0, hash: 0n };

/** One row of the ledger. */
export interface LedgerRow {
  readonly minute: Date;
  readonly topic: string;
  readonly part: number;
  readonly stage: string;
  readonly count: bigint;
  readonly hash: bigint;
}

/** The minutes of ledger rows that are ordered by minute, topic and part. */
export function minutesOfLedger(rows: readonly LedgerRow[]): AuditMinute[] {
  const groups = new Map<string, LedgerRow[]>();
  for (const row of rows) {
    const key = `${row.minute.getTime()} ${row.part} ${row.topic}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()].flatMap(minuteOf);
}

function minuteOf(rows: readonly LedgerRow[]): AuditMinute[] {
  const [first] = rows;
  if (first === undefined) return [];
  const tally = (stage: string): Tally | undefined => {
    const row = rows.find((one) => one.stage === stage);
    return row === undefined ? undefined : { count: Number(row.count), hash: row.hash };
  };
  const committed = tally('committed') ?? NONE;
  const published = tally('published') ?? NONE;
  const consumed = tally('consumed') ?? null;
  const [parked, skipped] = [tally('parked') ?? NONE, tally('skipped') ?? NONE];
  const { topic, part, minute } = first;
  return [
    {
      ...{
        minute,
        topic,
        part,
        source: 'ledger',
        committed,
        published,
        consumed,
        parked,
        skipped,
        unread: 0,
      },
      ...differences([published, parked, skipped], committed, consumed ?? published, published),
      ...{ lostIds: [], doubledIds: [], parkedIds: [] },
    },
  ];
}

/** Of what is left of the messages: too few on the way or at its end is a loss, too many a double. */
function differences(
  ways: readonly Tally[],
  committed: Tally,
  consumed: Tally,
  published: Tally,
): { lost: number; doubled: number } {
  const onTheWay: Tally = {
    count: ways.reduce((sum, { count }) => sum + count, 0),
    hash: ways.reduce((all, { hash }) => all ^ hash, 0n),
  };
  const steps = [difference(committed, onTheWay), difference(published, consumed)];
  return {
    lost: steps.reduce((sum, { missing }) => sum + missing, 0),
    doubled: steps.reduce((sum, { extra }) => sum + extra, 0),
  };
}

/** Equal numbers of other messages are one lost and one too many, at the least. */
function difference(expected: Tally, found: Tally): { missing: number; extra: number } {
  const missing = Math.max(0, expected.count - found.count);
  const extra = Math.max(0, found.count - expected.count);
  if (missing === 0 && extra === 0 && expected.hash !== found.hash) return { missing: 1, extra: 1 };
  return { missing, extra };
}
