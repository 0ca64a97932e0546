SELECT name, owner, epoch, expires_at, expires_at > clock_timestamp() AS is_live
FROM ops.lease
WHERE name = ANY ($1::text[])
