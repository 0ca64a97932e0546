-- The device's fixes behind a place, in order, each with the checkpoint that was stored at it. `time >= $2` is what
-- leaves partitions out; the row comparison alone does not. It is said of the checkpoints as well, or a merge join would
-- read the device's from the first one on.
SELECT position.time, position.digest, longitude, latitude, altitude_m, angle_deg, speed_kmh, ignition, movement,
  checkpoint.settled::text AS settled
FROM telemetry.position AS position
LEFT JOIN telemetry.rule_checkpoint AS checkpoint
  ON checkpoint.device_id = position.device_id AND checkpoint.time = position.time
  AND checkpoint.digest = position.digest AND checkpoint.time >= $2
WHERE position.device_id = $1 AND position.time >= $2
  AND (position.time, position.digest) > ($2::timestamptz, $3::bigint)
  AND position.time < 'infinity' AND position.fix_valid AND position.flags & $5 = 0
  AND NOT position.faulty
ORDER BY position.time, position.digest
LIMIT $4
