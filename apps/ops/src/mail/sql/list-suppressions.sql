SELECT address, reason, smtp_code, smtp_text, delivery_id, since
FROM notification.mail_suppression
WHERE $1::text IS NULL OR address = lower($1)
ORDER BY since DESC, address
LIMIT $2
