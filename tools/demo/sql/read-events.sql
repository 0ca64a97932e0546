SELECT event_id, device_id, kind, reference, occurred_at, confirmed_time, confirmed_digest,
       longitude, latitude, speed_kmh, details, historical, retracted_at IS NOT NULL AS is_retracted
FROM telemetry.event
WHERE device_id = ANY ($1::bigint[])
