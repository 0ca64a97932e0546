SELECT owner FROM ops.lease
WHERE starts_with(name, 'member:processor:') AND expires_at > clock_timestamp()
ORDER BY owner
