SELECT ops.drop_ledger_hours($1 * interval '1 millisecond') AS dropped
