DROP INDEX outbox.retry_pending_idx, outbox.retry_parked_idx;
CREATE INDEX retry_pending_idx ON outbox.retry (part, next_attempt_at) WHERE state = 'open' AND lease_token IS NULL;
CREATE INDEX retry_key_idx ON outbox.retry (part, key, generation, xid, message_id) WHERE closed_at IS NULL;
