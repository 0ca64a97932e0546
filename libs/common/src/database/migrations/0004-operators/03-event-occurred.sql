-- Lists of a time, of all devices, page by page.
CREATE INDEX event_occurred_idx ON telemetry.event (occurred_at, event_id);
