SELECT now() AS as_of, part, generation, xid, id
FROM outbox.cursor
ORDER BY part
