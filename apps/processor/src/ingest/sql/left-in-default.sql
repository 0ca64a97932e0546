-- Records that a day's table should have: the upkeep is behind. Older and later ones belong into DEFAULT.
SELECT count(*)::integer AS records
FROM telemetry.position_default
WHERE time >= now() - $1 * interval '1 millisecond' AND time < now() + interval '2 days'
