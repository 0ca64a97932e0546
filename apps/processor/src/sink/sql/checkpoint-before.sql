-- The newest checkpoint of this state version before a place in the device's order.
SELECT settled::text AS settled
FROM telemetry.rule_checkpoint
WHERE device_id = $1 AND time <= $2 AND (time, digest) < ($2::timestamptz, $3::bigint)
  AND (settled ->> 'v')::integer = $4
ORDER BY time DESC, digest DESC
LIMIT 1
