-- The first refusal stays: it says since when and why.
INSERT INTO notification.mail_suppression (address, reason, smtp_code, smtp_text, delivery_id)
SELECT lower(address), 'recipient_refused', code, text, $4
FROM unnest($1::text[], $2::integer[], $3::text[]) AS refused (address, code, text)
ON CONFLICT (address) DO NOTHING
RETURNING address
