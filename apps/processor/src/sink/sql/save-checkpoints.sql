INSERT INTO telemetry.rule_checkpoint (device_id, time, digest, settled)
SELECT device_id, time, digest, settled::jsonb
FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::text[]) AS checkpoint (device_id, time, digest, settled)
ON CONFLICT (device_id, time, digest) DO UPDATE SET settled = excluded.settled
