SELECT subscription.tenant_id, subscription.user_id, device.imei AS device, subscription.event_kind AS kind,
       subscription.created_at
FROM telemetry.subscription
LEFT JOIN telemetry.device ON device.id = subscription.device_id
WHERE subscription.tenant_id = $1 AND subscription.user_id = $2
  AND device.imei IS NOT DISTINCT FROM $3 AND subscription.event_kind IS NOT DISTINCT FROM $4;
