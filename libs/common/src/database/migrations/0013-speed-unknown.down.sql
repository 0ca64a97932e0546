-- The release before has no word for unknown but 0.
UPDATE telemetry.position SET speed_kmh = 0 WHERE speed_kmh IS NULL;
UPDATE telemetry.event SET speed_kmh = 0 WHERE speed_kmh IS NULL;
ALTER TABLE telemetry.position ALTER COLUMN speed_kmh SET NOT NULL;
ALTER TABLE telemetry.event ALTER COLUMN speed_kmh SET NOT NULL;
COMMENT ON COLUMN telemetry.position.speed_kmh IS NULL;
COMMENT ON COLUMN telemetry.event.speed_kmh IS NULL;
