SELECT topic FROM outbox.pause
