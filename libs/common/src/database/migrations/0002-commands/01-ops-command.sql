CREATE TABLE ops.command (
  id uuid PRIMARY KEY,
  device_id bigint NOT NULL REFERENCES telemetry.device (id),
  tenant_id text NOT NULL,
  imei text NOT NULL,
  actor text NOT NULL,
  codec smallint NOT NULL CHECK (codec IN (12, 14)),
  text text NOT NULL,
  timeout_ms integer NOT NULL CHECK (timeout_ms > 0),
  state text NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'sent', 'unknown', 'answered', 'nacked', 'expired', 'failed')),
  reason text,
  answer bytea,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  sent_at timestamptz,
  settled_at timestamptz
);
COMMENT ON COLUMN ops.command.state IS 'A record of what the streams told; what is to be sent is decided in Redis. unknown: written, or maybe written, to the device and never sent again.';
COMMENT ON COLUMN ops.command.answer IS 'Bytes as the device sent them; usually ASCII.';
CREATE INDEX command_imei_idx ON ops.command (imei, created_at);
CREATE INDEX command_waiting_idx ON ops.command (expires_at) WHERE state = 'queued';
