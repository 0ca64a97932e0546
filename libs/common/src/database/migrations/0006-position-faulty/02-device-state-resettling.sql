ALTER TABLE telemetry.device_state ADD COLUMN resettling jsonb;
COMMENT ON COLUMN telemetry.device_state.resettling IS 'What of the history is still to be folded again, and how far that has come; worked off in slices by the owner of the device''s shard.';
CREATE INDEX device_state_resettling_idx ON telemetry.device_state (device_id) WHERE resettling IS NOT NULL;
