-- The rows of some records, with the moment at which each became visible.
SELECT wanted.number, (extract(epoch FROM pg_xact_commit_timestamp(p.xmin)) * 1000)::double precision AS committed_at_ms
FROM unnest($1::integer[], $2::text[], $3::timestamptz[], $4::bigint[]) AS wanted (number, imei, time, digest)
JOIN telemetry.device d ON d.imei = wanted.imei
JOIN telemetry.position p ON p.device_id = d.id AND p.time = wanted.time AND p.digest = wanted.digest
