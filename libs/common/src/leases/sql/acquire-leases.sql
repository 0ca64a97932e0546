-- FOR UPDATE is what waits for the protected transactions of the last owner (they hold FOR KEY SHARE); a lease under
-- such a transaction is skipped now and taken in a later round, so that one slow transaction delays no other lease.
WITH free AS (
  SELECT name
  FROM ops.lease
  WHERE name = ANY ($1::text[]) AND expires_at <= clock_timestamp()
  ORDER BY random()
  LIMIT $2
  FOR UPDATE SKIP LOCKED
)
UPDATE ops.lease AS lease
SET owner = $3, epoch = lease.epoch + 1, expires_at = clock_timestamp() + $4 * interval '1 millisecond'
FROM free
WHERE lease.name = free.name
RETURNING lease.name, lease.epoch
