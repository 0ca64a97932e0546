-- What may not have been published: all behind the bounds. Where the cursor is beyond this server's own transactions, as
-- in a database that was read in from a dump, also what this server's own transactions have written in front of it.
SELECT message.topic, message.event_id::text AS event_id
FROM outbox.message
JOIN unnest($1::smallint[], $2::text[], $3::bigint[], $4::xid8[], $5::bigint[], $6::boolean[])
  AS bound (part, topic, generation, xid, id, ahead) USING (part, topic)
WHERE ((message.generation, message.xid, message.id) > (bound.generation, bound.xid, bound.id)
    OR (bound.ahead AND message.xid < pg_snapshot_xmax(pg_current_snapshot())))
  AND NOT EXISTS (
    SELECT FROM outbox.retry
    WHERE retry.kind = 'parked' AND retry.part = message.part AND retry.generation = message.generation
      AND retry.xid = message.xid AND retry.message_id = message.id)
