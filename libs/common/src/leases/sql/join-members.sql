INSERT INTO ops.lease (name, owner, epoch, expires_at)
VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')
ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at
