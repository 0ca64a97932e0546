REVOKE INSERT ON outbox.message FROM odograph_ops;
REVOKE UPDATE (folded_into) ON notification.route FROM odograph_ops;
