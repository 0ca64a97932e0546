SELECT outbox.ensure_dead_letter_months(1) AS made
