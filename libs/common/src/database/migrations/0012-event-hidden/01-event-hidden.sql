ALTER TABLE telemetry.event ADD COLUMN hidden boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN telemetry.event.hidden IS 'Retracted because the record that decided it is hidden; it stands again when that is shown.';
