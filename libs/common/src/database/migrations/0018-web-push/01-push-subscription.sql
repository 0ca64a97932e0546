CREATE TABLE notification.push_subscription (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id text NOT NULL DEFAULT 'default',
  user_id text NOT NULL,
  endpoint text NOT NULL CONSTRAINT push_subscription_endpoint_uq UNIQUE
    CONSTRAINT push_subscription_endpoint_ck CHECK (length(endpoint) <= 2000),
  p256dh text NOT NULL,
  auth text NOT NULL,
  device_session_id text,
  failures integer NOT NULL DEFAULT 0,
  last_error text,
  last_success_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
COMMENT ON TABLE notification.push_subscription IS 'Where browsers get Web Push: one row for an endpoint, of whoever registered it last. Gone when its push service says so.';
COMMENT ON COLUMN notification.push_subscription.failures IS 'Messages that the push service did not take, since the last one that it took.';
CREATE INDEX push_subscription_user_idx ON notification.push_subscription (user_id);
