DELETE FROM telemetry.subscription
WHERE tenant_id = $1 AND user_id = $2
  AND device_id IS NOT DISTINCT FROM (SELECT id FROM telemetry.device WHERE imei = $3)
  AND event_kind IS NOT DISTINCT FROM $4;
