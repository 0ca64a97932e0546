INSERT INTO ops.lease (name, owner, epoch, expires_at)
SELECT name, 'nobody', 1, '-infinity'
FROM unnest($1::text[]) AS name
ON CONFLICT (name) DO NOTHING
