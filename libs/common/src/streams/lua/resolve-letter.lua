-- KEYS: dead-letter stream, what became of this letter.  ARGV: letter id, how long the outcome is remembered in ms.
-- Reply: number of letters removed.
local removed = redis.call('XDEL', KEYS[1], ARGV[1])
if removed > 0 then redis.call('SET', KEYS[2], '', 'PX', ARGV[2]) end
return removed
