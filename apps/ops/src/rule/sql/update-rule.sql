-- Also brings a removed one back. What was judged by an older version stays judged; this one judges from valid_from on.
UPDATE telemetry.rule
SET kind = $2, device_id = $3::bigint, settings = $4::jsonb, valid_from = COALESCE($5, now()),
    version = version + 1, updated_at = clock_timestamp(), removed_at = NULL
WHERE id = $1::bigint;
