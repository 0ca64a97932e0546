SELECT count(*)::integer AS parts
FROM outbox.cursor
WHERE EXISTS (
  SELECT FROM outbox.message
  WHERE message.part = cursor.part
    AND (message.generation, message.xid, message.id) > (cursor.generation, cursor.xid, cursor.id)
);
