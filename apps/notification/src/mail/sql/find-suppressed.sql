SELECT address
FROM notification.mail_suppression
WHERE address = ANY ($1::text[])
