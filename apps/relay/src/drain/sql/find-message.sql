SELECT EXISTS (
  SELECT FROM outbox.message
  WHERE part = $1 AND generation = $2 AND xid = $3::xid8 AND id = $4
) AS found
