import { type Database } from '@app/common/database';
import {
  type ActiveRule,
  bindRule,
  comparePosition,
  EMPTY_STATE,
  encodeState,
  fold,
  isCheckpoint,
} from '../domain';
import { fixesOf, run } from '../sink.testing';
import { type TelemetryRecord } from './records';

/** What the specs of settling share. Not part of the app. */

export async function clearTelemetry(admin: Database): Promise<void> {
  await run(
    admin,
    `TRUNCATE telemetry.device, telemetry.position, telemetry.device_state, telemetry.rule_checkpoint, telemetry.rule,
       telemetry.geofence, telemetry.subscription, telemetry.event, outbox.message RESTART IDENTITY CASCADE`,
  );
}

const SPEED = { limit_kmh: 80, tolerance_kmh: 5, min_duration_s: 3 };
const FENCE = { longitude: 25.3, latitude: 54.7, radius_m: 200, hysteresis_m: 50, dwell_s: 4 };

/** A speed limit and a yard, from the beginning of time. */
export async function addRules(admin: Database): Promise<ActiveRule[]> {
  await run(
    admin,
    `INSERT INTO telemetry.rule (name, kind, settings, valid_from) VALUES ('limit', 'overspeed', $1, 'epoch')`,
    [JSON.stringify(SPEED)],
  );
  await run(
    admin,
    `INSERT INTO telemetry.geofence (name, longitude, latitude, radius_m, hysteresis_m, dwell_s, valid_from)
     VALUES ('yard', 25.3, 54.7, 200, 50, 4, 'epoch')`,
  );
  return [
    { reference: 'rule:1', version: 1, name: 'limit', validFromMs: 0, bound: bindRule('overspeed', SPEED) },
    { reference: 'geofence:1', version: 1, name: 'yard', validFromMs: 0, bound: bindRule('geofence', FENCE) },
  ];
}

/** All that must not hang on the order of arrival. */
export async function expectWhole(
  admin: Database,
  records: readonly TelemetryRecord[],
  rules: readonly ActiveRule[],
): Promise<void> {
  const fixes = fixesOf(records).sort(comparePosition);
  const whole = fold(EMPTY_STATE, fixes, rules);
  const [state] = await run<{ settled: unknown }>(admin, 'SELECT settled FROM telemetry.device_state');
  expect(state?.settled).toEqual(JSON.parse(encodeState(whole.state)));
  const expected = whole.events
    .map(({ kind, occurredAtMs, details, confirmed }) => ({
      kind,
      at: occurredAtMs,
      details,
      by: confirmed.digest,
    }))
    .sort((a, b) => a.at - b.at || (a.kind < b.kind ? -1 : 1));
  const stored = await run(
    admin,
    `SELECT kind, (extract(epoch FROM occurred_at) * 1000)::float8 AS at, details, confirmed_digest AS by
     FROM telemetry.event WHERE retracted_at IS NULL ORDER BY occurred_at, kind COLLATE "C"`,
  );
  expect(stored).toEqual(expected);
  const checkpoints = await run<{ digest: bigint; settled: unknown }>(
    admin,
    'SELECT digest, settled FROM telemetry.rule_checkpoint ORDER BY time, digest',
  );
  const places = fixes.flatMap((fix, index) => (isCheckpoint(fix) ? [index] : []));
  expect(checkpoints).toEqual(
    places.map((index) => ({
      digest: fixes[index]?.digest,
      settled: JSON.parse(encodeState(fold(EMPTY_STATE, fixes.slice(0, index + 1), rules).state)) as unknown,
    })),
  );
}
