-- The row stays and keeps its epoch: a name that began again at 1 would let an old owner back in.
UPDATE ops.lease AS lease
SET owner = 'nobody', expires_at = '-infinity'
FROM unnest($1::text[], $2::bigint[]) AS held (name, epoch)
WHERE lease.name = held.name AND lease.epoch = held.epoch AND lease.owner = $3
