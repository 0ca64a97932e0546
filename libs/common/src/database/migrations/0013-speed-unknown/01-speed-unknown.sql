-- In the catalog alone: no row is read or written, and what has no null in it stays as large as it was. A position that
-- was stored before keeps the 0 that stood for an unknown speed, as the events and states that followed from it do.
ALTER TABLE telemetry.position ALTER COLUMN speed_kmh DROP NOT NULL;
ALTER TABLE telemetry.event ALTER COLUMN speed_kmh DROP NOT NULL;
COMMENT ON COLUMN telemetry.position.speed_kmh IS 'Null where the record does not say, which codec 7 can leave out.';
COMMENT ON COLUMN telemetry.event.speed_kmh IS 'Null where the record that the event dates from does not say.';
