UPDATE outbox.generation SET generation = $1
