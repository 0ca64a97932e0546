CREATE TABLE notification.mail_suppression (
  address text PRIMARY KEY CONSTRAINT mail_suppression_address_ck CHECK (address = lower(address)),
  reason text NOT NULL,
  smtp_code integer,
  smtp_text text,
  delivery_id text,
  since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE notification.mail_suppression IS 'Addresses that their server has refused for good: nothing is sent to them until an operator removes them here.';
