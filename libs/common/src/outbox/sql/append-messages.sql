-- One statement for the batch and its wake-up. The notification is sent at commit, once per transaction: PostgreSQL
-- drops repeats of the same payload. The generation is read here so that a producer cannot write into an old one.
WITH appended AS (
  INSERT INTO outbox.message (generation, part, topic, key, event_id, tenant_id, traceparent, payload)
  SELECT generation.generation, draft.part, draft.topic, draft.key, draft.event_id, draft.tenant_id, draft.traceparent, draft.payload
  FROM outbox.generation AS generation,
    unnest($1::smallint[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[])
      WITH ORDINALITY AS draft (part, topic, key, event_id, tenant_id, traceparent, payload, position)
  ORDER BY draft.position
)
SELECT pg_notify('outbox', '')
