-- An operator's intent goes the way of every intent, through the outbox; what is folded into a dead route goes along with
-- its replay.
GRANT INSERT ON outbox.message TO odograph_ops;
GRANT UPDATE (folded_into) ON notification.route TO odograph_ops;
