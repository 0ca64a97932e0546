CREATE TABLE notification.mail_delivery (
  delivery_id text PRIMARY KEY,
  stream_entry_id text NOT NULL,
  source text NOT NULL,
  payload_mode text NOT NULL CHECK (payload_mode IN ('template', 'rendered', 'unreadable')),
  payload_json text NOT NULL,
  template_id text,
  urgent boolean NOT NULL DEFAULT false,
  request_id text,
  trace_id text,
  traceparent text,
  requested_at timestamptz NOT NULL,
  expires_at timestamptz,
  accepted_at timestamptz NOT NULL DEFAULT now(),
  state text NOT NULL CONSTRAINT mail_delivery_state_ck CHECK (state IN
    ('pending', 'sending', 'retrying', 'sent', 'suppressed', 'failed', 'expired')),
  reason text,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz,
  lease_token uuid,
  accepted_recipients text[] NOT NULL DEFAULT '{}',
  refused_recipients text[] NOT NULL DEFAULT '{}',
  message_id text NOT NULL,
  smtp_code integer,
  smtp_text text,
  ended_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT mail_delivery_schedule_ck CHECK ((state IN ('pending', 'sending', 'retrying')) = (next_attempt_at IS NOT NULL)),
  CONSTRAINT mail_delivery_lease_ck CHECK ((state = 'sending') = (lease_token IS NOT NULL)),
  CONSTRAINT mail_delivery_ended_ck CHECK ((state IN ('sent', 'suppressed', 'failed', 'expired')) = (ended_at IS NOT NULL)),
  CONSTRAINT mail_delivery_reason_ck CHECK (state NOT IN ('suppressed', 'failed', 'expired') OR reason IS NOT NULL)
) WITH (fillfactor = 70);
COMMENT ON TABLE notification.mail_delivery IS 'What the mail sender has taken from its stream; the row is the reservation: the same command again changes nothing.';
COMMENT ON COLUMN notification.mail_delivery.payload_mode IS 'unreadable: a command that does not fit its contract; kept as it came, and never sent.';
COMMENT ON COLUMN notification.mail_delivery.urgent IS 'Sent before all that is not.';
COMMENT ON COLUMN notification.mail_delivery.next_attempt_at IS 'Of one that is being sent: when its lease ends.';
COMMENT ON COLUMN notification.mail_delivery.accepted_recipients IS 'Whom a server has taken it for; not tried again, like those that it has refused for good.';
CREATE INDEX mail_delivery_due_idx ON notification.mail_delivery (urgent DESC, next_attempt_at)
  WHERE state IN ('pending', 'sending', 'retrying');
CREATE INDEX mail_delivery_ended_idx ON notification.mail_delivery (ended_at) WHERE ended_at IS NOT NULL;
