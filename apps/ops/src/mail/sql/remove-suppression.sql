DELETE FROM notification.mail_suppression
WHERE address = lower($1)
RETURNING address, reason, smtp_code, smtp_text, delivery_id, since
