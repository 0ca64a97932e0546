ALTER TABLE notification.route
  ADD COLUMN lane text NOT NULL DEFAULT 'normal' CONSTRAINT route_lane_ck CHECK (lane IN ('normal', 'urgent')),
  ADD COLUMN collapse_key text,
  ADD COLUMN timezone text NOT NULL DEFAULT 'UTC',
  ADD COLUMN units text NOT NULL DEFAULT 'metric',
  ADD COLUMN fold_key text,
  ADD COLUMN folded_into text,
  ADD COLUMN admitted_at timestamptz,
  ADD COLUMN replay_of text,
  DROP CONSTRAINT route_state_check,
  ADD CONSTRAINT route_state_ck CHECK (state IN
    ('pending', 'scheduled', 'publishing', 'retrying', 'published', 'skipped', 'superseded', 'expired', 'dead_lettered')),
  DROP CONSTRAINT route_reason_ck,
  ADD CONSTRAINT route_reason_ck CHECK
    ((state IN ('scheduled', 'skipped', 'superseded', 'expired', 'dead_lettered')) = (reason IS NOT NULL)),
  DROP CONSTRAINT route_schedule_ck,
  ADD CONSTRAINT route_schedule_ck CHECK ((state IN ('pending', 'scheduled', 'retrying')) = (next_attempt_at IS NOT NULL)),
  DROP CONSTRAINT route_email_address_ck,
  ADD CONSTRAINT route_email_address_ck CHECK (channel <> 'email' OR address IS NOT NULL OR state = 'skipped'),
  ADD CONSTRAINT route_folded_ck CHECK (folded_into IS NULL OR state = 'superseded');
COMMENT ON COLUMN notification.route.lane IS 'urgent routes have publishers of their own and never stand behind others.';
COMMENT ON COLUMN notification.route.fold_key IS 'Routes of one key are told together: of those that are scheduled there is one, and the others are folded into it.';
COMMENT ON COLUMN notification.route.admitted_at IS 'Since when digest, gathering and throttle have let it through; they are not asked again.';
COMMENT ON COLUMN notification.route.replay_of IS 'The dead route that an operator replayed as this one.';
DROP INDEX notification.route_due_idx;
DROP INDEX notification.route_leased_idx;
CREATE INDEX route_due_idx ON notification.route (channel, lane, tenant_id, next_attempt_at)
  WHERE state IN ('pending', 'scheduled', 'retrying');
CREATE INDEX route_leased_idx ON notification.route (channel, lane, leased_until) WHERE state = 'publishing';
CREATE UNIQUE INDEX route_fold_uq ON notification.route (fold_key) WHERE state = 'scheduled';
CREATE INDEX route_folded_idx ON notification.route (folded_into) WHERE folded_into IS NOT NULL;
CREATE INDEX route_published_idx ON notification.route (channel, published_at) WHERE state = 'published';
