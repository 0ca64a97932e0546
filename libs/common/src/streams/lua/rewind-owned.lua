-- KEYS: stream, own epoch, note, trim samples.  ARGV: group, epoch (fixed width).
-- Reply: 'stale' | 'rewound'.
local stored = redis.call('GET', KEYS[2])
if stored and ARGV[2] < stored then return 'stale' end
-- What is read again was not acknowledged long ago any more, and the note speaks of a database that is gone.
redis.call('DEL', KEYS[3], KEYS[4])
if redis.call('EXISTS', KEYS[1]) == 0 then return 'rewound' end

local info = {}
local reply = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #reply, 2 do info[reply[i]] = reply[i + 1] end
-- With the number of entries that were gone before it, Redis goes on knowing the group's lag.
local passed = info['entries-added'] - info['length']
local moved = redis.pcall('XGROUP', 'SETID', KEYS[1], ARGV[1], '0-0', 'ENTRIESREAD', passed)
-- A group that is not there will be made at the beginning.
if moved.err and not string.find(moved.err, 'NOGROUP', 1, true) then error(moved) end
return 'rewound'
