ALTER TABLE notification.sink DROP COLUMN dedupe_id, DROP COLUMN settled;
