-- In one order for all, so that two who meet on the same devices wait for each other instead of deadlocking.
SELECT device_id, version, settled::text AS settled, resettling::text AS resettling
FROM telemetry.device_state
WHERE device_id = ANY ($1::bigint[])
ORDER BY device_id
FOR NO KEY UPDATE
