-- KEYS: connection (hash of instance, epoch).  ARGV: own epoch.
if redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 'released'
