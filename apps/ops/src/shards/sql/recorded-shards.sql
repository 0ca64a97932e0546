SELECT value FROM ops.deployment WHERE name = $1
