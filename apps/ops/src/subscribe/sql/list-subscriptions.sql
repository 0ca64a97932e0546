SELECT subscription.tenant_id, subscription.user_id, device.imei AS device, subscription.event_kind AS kind,
       subscription.created_at
FROM telemetry.subscription
LEFT JOIN telemetry.device ON device.id = subscription.device_id
WHERE ($1::text IS NULL OR subscription.tenant_id = $1) AND ($2::text IS NULL OR subscription.user_id = $2)
ORDER BY subscription.tenant_id, subscription.user_id, device.imei NULLS FIRST, subscription.event_kind NULLS FIRST;
