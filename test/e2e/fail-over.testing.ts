import { shardOf, DEFAULT_TELEMETRY_SHARDS } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';

/** Rows are not updated, so a row's transaction is the one that brought it. */
const COMMITS = statement(
  'e2e_commits',
  `SELECT imei,
          (extract(epoch FROM received_at) * 1000)::double precision AS "receivedAtMs",
          (extract(epoch FROM pg_xact_commit_timestamp(position.xmin)) * 1000)::double precision AS "committedAtMs"
   FROM telemetry.position JOIN telemetry.device ON device.id = device_id
   ORDER BY received_at`,
);

/** A record on its way: from the edge's clock to the commit that made its row visible. Both are this machine's. */
interface Passage {
  readonly imei: string;
  readonly receivedAtMs: number;
  readonly committedAtMs: number;
}

export interface Stall {
  /** The longest that a record of this time took; what a person sees as the time away. */
  readonly longestMs: number;
  /** Of the records of this time on the shards that stalled at all. */
  readonly p99Ms: number;
  /** How many shards took longer than half a second. */
  readonly shards: number;
  /** The longest of each half second, from the fault on. */
  readonly curve: readonly number[];
}

const STALLED_MS = 500;
export const CURVE_STEP_MS = 500;

/** How long records took to become rows, by when they were received. */
export class Passages {
  private constructor(private readonly all: readonly Passage[]) {}

  static async read(database: Database): Promise<Passages> {
    return new Passages(await database.query<Passage & Record<string, unknown>>(COMMITS));
  }

  /** Of the records that were received in that time. */
  stall(fromMs: number, untilMs: number): Stall {
    const within = this.all.filter(({ receivedAtMs: at }) => at >= fromMs && at < untilMs);
    const shardOfPassage = ({ imei }: Passage): number => shardOf(imei, DEFAULT_TELEMETRY_SHARDS);
    const stalled = new Set(within.filter((each) => lagOf(each) > STALLED_MS).map(shardOfPassage));
    const lags = within
      .filter((each) => stalled.has(shardOfPassage(each)))
      .map(lagOf)
      .sort((a, b) => a - b);
    const steps = Math.ceil((untilMs - fromMs) / CURVE_STEP_MS);
    const curve = Array.from({ length: steps }, () => 0);
    for (const each of within) {
      const step = Math.floor((each.receivedAtMs - fromMs) / CURVE_STEP_MS);
      curve[step] = Math.max(curve[step] ?? 0, lagOf(each));
    }
    return {
      longestMs: Math.max(0, ...curve),
      p99Ms: lags[Math.floor(lags.length * 0.99)] ?? 0,
      shards: stalled.size,
      curve,
    };
  }

  /** Devices of which something that was received later was committed earlier. */
  outOfOrder(): string[] {
    const last = new Map<string, Passage>();
    const disordered = new Set<string>();
    for (const each of this.all) {
      const before = last.get(each.imei);
      const overtook = before !== undefined && each.committedAtMs < before.committedAtMs;
      if (overtook && each.receivedAtMs > before.receivedAtMs) disordered.add(each.imei);
      last.set(each.imei, each);
    }
    return [...disordered];
  }

  get count(): number {
    return this.all.length;
  }
}

const lagOf = ({ receivedAtMs, committedAtMs }: Passage): number => committedAtMs - receivedAtMs;
