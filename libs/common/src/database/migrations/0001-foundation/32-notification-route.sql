CREATE TABLE notification.route (
  route_id text PRIMARY KEY,
  notification_id uuid NOT NULL REFERENCES notification.record (notification_id) ON DELETE CASCADE,
  tenant_id text NOT NULL,
  channel text NOT NULL CHECK (channel IN ('push', 'email')),
  recipient text NOT NULL,
  address text,
  locale text NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'publishing', 'retrying', 'published', 'skipped', 'dead_lettered')),
  reason text,
  attempts integer NOT NULL DEFAULT 0,
  max_attempts integer NOT NULL CHECK (max_attempts > 0),
  next_attempt_at timestamptz,
  lease_token uuid,
  leased_until timestamptz,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  published_at timestamptz,
  stream_entry_id text,
  CONSTRAINT route_id_prefix_ck CHECK (route_id LIKE channel || ':%'),
  CONSTRAINT route_email_address_ck CHECK (channel <> 'email' OR state = 'skipped' OR address IS NOT NULL),
  CONSTRAINT route_reason_ck CHECK ((state IN ('skipped', 'dead_lettered')) = (reason IS NOT NULL)),
  CONSTRAINT route_schedule_ck CHECK ((state IN ('pending', 'retrying')) = (next_attempt_at IS NOT NULL)),
  CONSTRAINT route_lease_ck CHECK ((state = 'publishing') = (lease_token IS NOT NULL) AND (lease_token IS NULL) = (leased_until IS NULL)),
  CONSTRAINT route_published_ck CHECK ((state = 'published') = (published_at IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX route_due_idx ON notification.route (channel, next_attempt_at) WHERE state IN ('pending', 'retrying');
CREATE INDEX route_leased_idx ON notification.route (channel, leased_until) WHERE state = 'publishing';
CREATE INDEX route_notification_idx ON notification.route (notification_id);
