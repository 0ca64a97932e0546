-- Touches no key column, so it passes the FOR KEY SHARE of a protected transaction under way.
UPDATE ops.lease AS lease
SET expires_at = clock_timestamp() + $4 * interval '1 millisecond'
FROM unnest($1::text[], $2::bigint[]) AS held (name, epoch)
WHERE lease.name = held.name AND lease.epoch = held.epoch AND lease.owner = $3
RETURNING lease.name
