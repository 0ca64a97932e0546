INSERT INTO ops.deployment (name, value)
VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, recorded_at = clock_timestamp()
