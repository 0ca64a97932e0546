CREATE TABLE notification.quiet_hours (
  user_id text PRIMARY KEY,
  starts_at time NOT NULL,
  ends_at time NOT NULL,
  timezone text,
  weekdays smallint NOT NULL DEFAULT 127 CHECK (weekdays BETWEEN 1 AND 127),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT quiet_hours_length_ck CHECK (starts_at <> ends_at)
);
COMMENT ON TABLE notification.quiet_hours IS 'When a user is not to be disturbed, on the clocks of the zone; an end at or before the start is that of the next day.';
COMMENT ON COLUMN notification.quiet_hours.timezone IS 'IANA name; null: that of the account.';
COMMENT ON COLUMN notification.quiet_hours.weekdays IS 'Days on which it starts: bit 0 is Monday.';
