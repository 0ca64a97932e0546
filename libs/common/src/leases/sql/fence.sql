-- First statement of a protected transaction. clock_timestamp(), not now(): the transaction's start says nothing about
-- whether the lease still holds. A plain read would be no fence: the zombie would commit.
SELECT lease.name
FROM ops.lease AS lease
JOIN unnest($1::text[], $2::bigint[]) AS held (name, epoch) USING (name, epoch)
WHERE lease.owner = $3 AND lease.expires_at > clock_timestamp()
FOR KEY SHARE OF lease
