SELECT generation, xid, message_id AS id
FROM outbox.retry
WHERE part = $1 AND kind = 'parked'
  AND (generation, xid, message_id) >= ($2::bigint, $3::xid8, $4::bigint)
  AND (generation, xid, message_id) <= ($5::bigint, $6::xid8, $7::bigint)
