import { type BenchServer } from '../sink/server';
import { type LiveSighting } from './live-watch';
import { type Percentiles } from './percentiles';

interface CommitRow {
  readonly [name: string]: unknown;
  readonly all: readonly number[];
  readonly worst: number;
}

/** From a frame's last byte at the edge to the commit of its rows, for what arrived in that time. */
export async function commitLatencies(
  server: BenchServer,
  fromMs: number,
  toMs: number,
): Promise<{ readonly committedMs: Percentiles; readonly worstSecondMs: number }> {
  const [row] = await server.query<CommitRow>(
    `WITH arrived AS (
       SELECT received_at, (extract(epoch FROM pg_xact_commit_timestamp(xmin) - received_at) * 1000)::float8 AS ms
       FROM telemetry.position
       WHERE received_at BETWEEN to_timestamp($1 / 1000.0) AND to_timestamp($2 / 1000.0)
     ), seconds AS (
       SELECT max(ms) AS ms FROM arrived GROUP BY date_trunc('second', received_at)
     )
     SELECT percentile_disc(ARRAY[0.5, 0.95, 0.99, 1.0]) WITHIN GROUP (ORDER BY ms) AS "all",
            (SELECT max(ms) FROM seconds) AS worst
     FROM arrived`,
    [fromMs, toMs],
  );
  const [p50 = NaN, p95 = NaN, p99 = NaN, max = NaN] = row?.all ?? [];
  return { committedMs: { p50, p95, p99, max }, worstSecondMs: row?.worst ?? NaN };
}

/** From a frame's last byte at the edge to the sight of its position in `telemetry:live`. */
export async function liveLatenciesMs(
  server: BenchServer,
  sightings: readonly LiveSighting[],
): Promise<number[]> {
  const rows = await server.query<{ ms: number }>(
    `SELECT (seen.at_ms - extract(epoch FROM position.received_at) * 1000)::float8 AS ms
     FROM unnest($1::text[], $2::float8[], $3::float8[]) AS seen (imei, time_ms, at_ms)
     JOIN telemetry.device USING (imei)
     JOIN telemetry.position ON position.device_id = device.id AND position.time = to_timestamp(seen.time_ms / 1000)`,
    [
      sightings.map(({ imei }) => imei),
      sightings.map(({ timeMs }) => timeMs),
      sightings.map(({ seenAtMs }) => seenAtMs),
    ],
  );
  return rows.map(({ ms }) => ms);
}
