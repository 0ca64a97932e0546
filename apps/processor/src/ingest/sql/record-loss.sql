INSERT INTO ops.stream_loss (stream, imei, after_id, last_id, source, reported_by)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
