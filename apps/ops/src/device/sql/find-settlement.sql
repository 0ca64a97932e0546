SELECT version::text AS version, last_time, longitude / 1e7::float8 AS longitude, latitude / 1e7::float8 AS latitude,
  settled::text AS settled, resettling IS NOT NULL AS resettling
FROM telemetry.device_state
WHERE device_id = $1
