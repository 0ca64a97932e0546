-- Locked to the end of the transaction: what was decided on these versions stays right until then.
SELECT device_id, version FROM telemetry.device_state WHERE device_id = ANY ($1::bigint[]) ORDER BY device_id FOR SHARE
