-- What is known already returns nothing here.
INSERT INTO notification.mail_delivery
  (delivery_id, stream_entry_id, source, payload_mode, payload_json, template_id, urgent, request_id, trace_id, traceparent,
   requested_at, expires_at, message_id, state, reason, smtp_text, next_attempt_at, ended_at)
SELECT delivery_id, entry_id, source, payload_mode, payload_json, template_id, urgent, request_id, trace_id, traceparent,
  to_timestamp(requested_at_ms / 1000.0), to_timestamp(expires_at_ms / 1000.0), message_id,
  CASE WHEN mistake IS NULL THEN 'pending' ELSE 'failed' END,
  CASE WHEN mistake IS NOT NULL THEN 'command_unreadable' END,
  mistake,
  CASE WHEN mistake IS NULL THEN now() END,
  CASE WHEN mistake IS NOT NULL THEN now() END
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::text[], $9::text[],
    $10::text[], $11::bigint[], $12::bigint[], $13::text[], $14::text[])
  AS draft (delivery_id, entry_id, source, payload_mode, payload_json, template_id, urgent, request_id, trace_id,
    traceparent, requested_at_ms, expires_at_ms, message_id, mistake)
ON CONFLICT (delivery_id) DO NOTHING
RETURNING delivery_id, state
