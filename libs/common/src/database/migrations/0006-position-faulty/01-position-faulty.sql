-- A constant default lives in the catalog: no row is written, however many there are.
ALTER TABLE telemetry.position ADD COLUMN faulty boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN telemetry.position.faulty IS 'An operator has hidden the record; every reader leaves it out.';
