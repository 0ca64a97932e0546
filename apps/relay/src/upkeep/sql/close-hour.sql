SELECT ops.close_ledger_hour($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS result
