CREATE TABLE notification.preference (
  tenant_id text NOT NULL DEFAULT 'default',
  user_id text NOT NULL,
  notification_type text NOT NULL DEFAULT '*',
  channel text NOT NULL DEFAULT '*' CHECK (channel IN ('push', 'email', '*')),
  enabled boolean,
  digest_window_s integer CHECK (digest_window_s BETWEEN 0 AND 604800),
  throttle_limit integer CHECK (throttle_limit > 0),
  throttle_window_s integer CHECK (throttle_window_s BETWEEN 0 AND 604800),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, user_id, notification_type, channel),
  CONSTRAINT preference_throttle_ck CHECK ((throttle_limit IS NULL) = (coalesce(throttle_window_s, 0) = 0)),
  CONSTRAINT preference_says_something_ck CHECK (num_nonnulls(enabled, digest_window_s, throttle_window_s) > 0)
);
COMMENT ON TABLE notification.preference IS 'What a user wants; the user * stands for everybody of the tenant, the type * for every type, the channel * for both. Of each wish the most specific row that says anything decides: user, type, channel; then user, type; user, channel; user; then the same of *.';
COMMENT ON COLUMN notification.preference.digest_window_s IS 'Told together at the end of windows of this length; 0: at once.';
COMMENT ON COLUMN notification.preference.throttle_window_s IS 'Told one by one at most throttle_limit times in a window of this length, the rest together at its end; 0: without limit.';
