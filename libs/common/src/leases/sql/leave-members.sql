-- Takes along members that have been gone for long: no fence hangs on a membership, so its epoch need not outlive it.
DELETE FROM ops.lease
WHERE (name = $1 AND owner = $2) OR (starts_with(name, $3) AND expires_at < clock_timestamp() - interval '1 hour')
