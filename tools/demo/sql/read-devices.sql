SELECT id, imei FROM telemetry.device WHERE imei = ANY ($1::text[])
