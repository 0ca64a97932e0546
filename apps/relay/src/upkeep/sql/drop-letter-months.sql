SELECT outbox.drop_dead_letter_months($1 * interval '1 millisecond') AS dropped
