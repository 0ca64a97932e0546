UPDATE telemetry.device_state AS state
SET version = state.version + 1, resettling = new.resettling::jsonb, updated_at = now()
FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS new (device_id, version, resettling)
WHERE state.device_id = new.device_id AND state.version = new.version
RETURNING state.device_id, state.version
