SELECT event_id, kind, reference, occurred_at
FROM telemetry.event
WHERE device_id = $1 AND retracted_at IS NULL
ORDER BY occurred_at, event_id
