-- A poison key collects rows behind its head, all of them long due. The relay asks for the first row of each key, so
-- that it reads one row a key and not all that wait; and for due timers and replays, where none of those rows may be.
DROP INDEX outbox.retry_pending_idx, outbox.retry_key_idx;
CREATE INDEX retry_pending_idx ON outbox.retry (part, next_attempt_at)
  WHERE state = 'open' AND lease_token IS NULL AND kind <> 'parked';
CREATE INDEX retry_parked_idx ON outbox.retry (part, key, generation, xid, message_id)
  WHERE kind = 'parked' AND closed_at IS NULL;
