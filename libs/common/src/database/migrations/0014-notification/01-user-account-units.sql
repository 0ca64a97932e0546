ALTER TABLE notification.user_account ADD COLUMN units text NOT NULL DEFAULT 'metric'
  CONSTRAINT user_account_units_ck CHECK (units IN ('metric', 'imperial'));
COMMENT ON COLUMN notification.user_account.units IS 'Of the speeds and distances in texts for this user.';
