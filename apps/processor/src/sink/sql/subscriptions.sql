SELECT tenant_id, user_id, device_id, event_kind FROM telemetry.subscription
