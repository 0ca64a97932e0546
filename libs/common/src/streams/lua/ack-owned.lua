-- KEYS: stream, own epoch.  ARGV: group, epoch (fixed width), ids.
-- Reply: 'stale' | 'acked'.
local stored = redis.call('GET', KEYS[2])
if stored and ARGV[2] < stored then return 'stale' end

-- Lua can pass some 8,000 arguments in one call.
local LARGEST = 1000
for first = 3, #ARGV, LARGEST do
  redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, first, math.min(first + LARGEST - 1, #ARGV)))
end
return 'acked'
