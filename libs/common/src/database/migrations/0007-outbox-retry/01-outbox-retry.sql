-- What the log lane could not publish, with all that came behind it of the same key; timers; and replays. A row is free
-- when it has no lease or when its lease is older than the relay's lease time: there is no state "taken" to get stuck in.
CREATE TABLE outbox.retry (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('parked', 'timer', 'replay')),
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'dead', 'published', 'skipped', 'cancelled')),
  part smallint NOT NULL CHECK (part BETWEEN 0 AND 15),
  generation bigint,
  xid xid8,
  message_id bigint,
  topic text NOT NULL,
  key text NOT NULL,
  event_id text NOT NULL,
  tenant_id text NOT NULL,
  traceparent text NOT NULL,
  payload text NOT NULL,
  timer_id text,
  replay_id bigint,
  created_at timestamptz NOT NULL DEFAULT now(),
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  first_attempt_at timestamptz,
  last_attempt_at timestamptz,
  deliveries integer NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  lease_token uuid,
  leased_at timestamptz,
  closed_at timestamptz,
  CONSTRAINT retry_lease_ck CHECK ((lease_token IS NULL) = (leased_at IS NULL)),
  CONSTRAINT retry_closed_ck CHECK ((closed_at IS NULL) = (state IN ('open', 'dead'))),
  CONSTRAINT retry_place_ck CHECK (num_nonnulls(generation, xid, message_id) = CASE kind WHEN 'parked' THEN 3 ELSE 0 END),
  CONSTRAINT retry_timer_ck CHECK (timer_id IS NULL OR kind = 'timer'),
  CONSTRAINT retry_replay_ck CHECK ((replay_id IS NULL) = (kind <> 'replay'))
) WITH (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000
);
COMMENT ON COLUMN outbox.retry.state IS 'open: to be published. dead: in outbox.dead_letter, and its key waits. published, skipped, cancelled: done, kept for OUTBOX_KEEP.';
COMMENT ON COLUMN outbox.retry.message_id IS 'With generation and xid the place in outbox.message; of parked rows only.';
COMMENT ON COLUMN outbox.retry.event_id IS 'As the stream gets it: a replay as new carries #r<replay_id> behind it.';
COMMENT ON COLUMN outbox.retry.deliveries IS 'Claims, those of a relay that died with it included.';
COMMENT ON COLUMN outbox.retry.attempts IS 'Refusals that the stream or the contract named; an outage is none.';

-- The predicates carry weight: with them the two branches of a claim read what is free and nothing else.
CREATE INDEX retry_pending_idx ON outbox.retry (part, next_attempt_at) WHERE state = 'open' AND lease_token IS NULL;
CREATE INDEX retry_lease_idx ON outbox.retry (part, leased_at) WHERE lease_token IS NOT NULL;
CREATE UNIQUE INDEX retry_timer_uq ON outbox.retry (topic, timer_id) WHERE timer_id IS NOT NULL AND state = 'open';
CREATE UNIQUE INDEX retry_place_uq ON outbox.retry (part, generation, xid, message_id) WHERE kind = 'parked';
CREATE INDEX retry_key_idx ON outbox.retry (part, key, generation, xid, message_id) WHERE closed_at IS NULL;
CREATE INDEX retry_closed_idx ON outbox.retry (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX retry_event_idx ON outbox.retry (event_id);
