-- Whoever decides what may overtake what of a subject does so alone. In order, so that two batches cannot deadlock.
SELECT pg_advisory_xact_lock(hashtext('notification.subject'), key)
FROM (
  SELECT DISTINCT hashtext(tenant_id || chr(31) || subject) AS key
  FROM unnest($1::text[], $2::text[]) AS of_batch (tenant_id, subject)
  ORDER BY key
) AS keys
