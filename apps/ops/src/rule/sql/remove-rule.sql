UPDATE telemetry.rule
SET removed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE id = $1::bigint;
