-- A column without a default costs no rewrite. Rows from before have none: they are known by their idempotency key.
ALTER TABLE notification.record ADD COLUMN event_id text;
ALTER TABLE notification.malformed_intent ADD COLUMN event_id text;
COMMENT ON COLUMN notification.record.event_id IS 'Of the outbox message that the intent came as; null for other producers, and for what was accepted before the column was.';
COMMENT ON COLUMN notification.malformed_intent.event_id IS 'As the entry had it, whether it is one or not.';
