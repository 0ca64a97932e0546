-- For an owner whose epoch a store has seen exceeded while the lease is still its own: the database was restored.
UPDATE ops.lease
SET epoch = $4
WHERE name = $1 AND epoch = $2 AND owner = $3 AND expires_at > clock_timestamp() AND epoch < $4
RETURNING name, epoch
