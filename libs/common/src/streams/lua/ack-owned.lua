-- KEYS: stream, own epoch, note.  ARGV: group, epoch (fixed width), note ('' for none), ids.
-- Reply: 'stale' | 'acked'.
local stored = redis.call('GET', KEYS[2])
if stored and ARGV[2] < stored then return 'stale' end

if ARGV[3] ~= '' then redis.call('SET', KEYS[3], ARGV[3]) end
-- Lua can pass some 8,000 arguments in one call.
local LARGEST = 1000
for first = 4, #ARGV, LARGEST do
  redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, first, math.min(first + LARGEST - 1, #ARGV)))
end
return 'acked'
