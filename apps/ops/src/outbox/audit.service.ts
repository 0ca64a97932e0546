import { type QuerySource, statement } from '@app/common/database';
import { type Observation, observationParams, observe } from '@app/common/outbox';
import { type StreamInspector } from '@app/common/streams';
import { type AuditMinute, type LedgerRow, minutesOfLedger } from './audit-minute';
import auditCensus from './sql/audit-census.sql';
import auditHours from './sql/audit-hours.sql';
import auditLedger from './sql/audit-ledger.sql';

const HOURS = statement('outbox_audit_hours', auditHours);
const LEDGER = statement('outbox_audit_ledger', auditLedger);
const CENSUS = statement('outbox_audit_census', auditCensus);
const NO_TOPIC = null;

export interface AuditWish {
  readonly from: Date;
  /** Only this one; all when undefined. */
  readonly topic: string | undefined;
  /** Most event ids that a minute names. */
  readonly maxIds: number;
  /** Age at which `fleet:events` is trimmed. */
  readonly streamKeepMs: number;
}

export interface Audited {
  readonly asOf: Date;
  /** In order of time. */
  readonly minutes: readonly AuditMinute[];
  /** Hours of which neither the messages are kept nor the ledger says anything. */
  readonly unknownHours: readonly Date[];
}

interface HourRow {
  readonly hour: Date;
  readonly is_closed: boolean;
  readonly is_kept: boolean;
}

interface CensusRow {
  readonly topic: string;
  readonly part: number;
  readonly minute: Date;
  readonly committed: bigint;
  readonly committed_hash: bigint;
  readonly published: bigint;
  readonly published_hash: bigint;
  readonly consumed: bigint;
  readonly consumed_hash: bigint;
  readonly parked: bigint;
  readonly parked_hash: bigint;
  readonly skipped: bigint;
  readonly skipped_hash: bigint;
  readonly unread: bigint;
  readonly unknown: bigint;
  readonly lost: bigint;
  readonly doubled: bigint;
  readonly lost_ids: readonly string[];
  readonly doubled_ids: readonly string[];
  readonly parked_ids: readonly string[];
}

/** What became of the messages since a moment: closed hours by the ledger, the others counted now. */
export async function auditOutbox(
  source: QuerySource,
  streams: Pick<StreamInspector, 'range'>,
  wish: AuditWish,
): Promise<Audited> {
  const hours = await source.query<HourRow>(HOURS, [wish.from]);
  const open = hours.filter(({ is_closed: isClosed, is_kept: isKept }) => !isClosed && isKept);
  const counted: AuditMinute[] = [];
  let asOf = new Date();
  if (open[0] !== undefined) {
    const seen = await observe(source, streams, {
      sinceMs: open[0].hour.getTime(),
      keepMs: wish.streamKeepMs,
    });
    asOf = seen.asOf;
    for (const { hour } of open) counted.push(...(await countHour(source, hour, seen, wish)));
  }
  const rows = await source.query<LedgerRow>(LEDGER, [wish.from, wish.topic ?? NO_TOPIC]);
  return {
    asOf,
    minutes: [...minutesOfLedger(rows), ...counted].sort((a, b) => a.minute.getTime() - b.minute.getTime()),
    unknownHours: hours.filter((row) => !row.is_closed && !row.is_kept).map(({ hour }) => hour),
  };
}

async function countHour(
  source: QuerySource,
  hour: Date,
  seen: Observation,
  { from, topic, maxIds }: AuditWish,
): Promise<AuditMinute[]> {
  const rows = await source.query<CensusRow>(CENSUS, [
    hour,
    ...observationParams(seen),
    maxIds,
    from,
    topic ?? NO_TOPIC,
  ]);
  return rows.map((row) => ({
    ...{ minute: row.minute, topic: row.topic, part: row.part, source: 'counted' },
    committed: { count: Number(row.committed), hash: row.committed_hash },
    published: { count: Number(row.published), hash: row.published_hash },
    consumed: row.unknown > 0n ? null : { count: Number(row.consumed), hash: row.consumed_hash },
    parked: { count: Number(row.parked), hash: row.parked_hash },
    skipped: { count: Number(row.skipped), hash: row.skipped_hash },
    ...{ unread: Number(row.unread), lost: Number(row.lost), doubled: Number(row.doubled) },
    ...{ lostIds: row.lost_ids, doubledIds: row.doubled_ids, parkedIds: row.parked_ids },
  }));
}
