CREATE TABLE notification.allowance (
  channel text NOT NULL,
  recipient text NOT NULL,
  notification_type text NOT NULL,
  window_starts_at timestamptz NOT NULL,
  used integer NOT NULL,
  PRIMARY KEY (channel, recipient, notification_type)
) WITH (fillfactor = 70);
COMMENT ON TABLE notification.allowance IS 'What a throttled recipient has been told one by one in the current window.';
