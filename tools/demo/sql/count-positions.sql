SELECT count(*) AS stored FROM telemetry.position WHERE device_id = ANY ($1::bigint[])
