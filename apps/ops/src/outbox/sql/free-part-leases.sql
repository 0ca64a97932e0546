-- As high as Redis knows them now, so that the next owner's is higher.
INSERT INTO ops.lease (name, owner, epoch, expires_at)
SELECT name, 'nobody', epoch, '-infinity'
FROM unnest($1::text[], $2::bigint[]) AS fenced (name, epoch)
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch, expires_at = excluded.expires_at
