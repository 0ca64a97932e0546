SELECT count(*)::integer AS members
FROM ops.lease
WHERE starts_with(name, $1) AND expires_at > clock_timestamp()
