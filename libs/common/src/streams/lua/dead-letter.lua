-- KEYS: stream, own epoch, dead-letter stream, seen (sorted set of letter keys by the time they were parked), note.
-- ARGV: group, epoch (fixed width), how long a letter key is remembered in ms, note ('' for none), number of settled
-- entries, the id of each, then for every letter:
-- entry id, record ('' for the whole entry), number of fields and values, each of them.
-- Reply: 'stale' | 'parked'.
local stream, own, letters, seen, note = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local group, epoch, window, settled = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5])

local stored = redis.call('GET', own)
if stored and epoch < stored then return 'stale' end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local at = 6 + settled
while at <= #ARGV do
  local id, record, n = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local key = id .. '#' .. record
  if not redis.call('ZSCORE', seen, key) then
    redis.call('XADD', letters, '*', unpack(ARGV, at + 3, at + 2 + n))
    redis.call('ZADD', seen, now, key)
  end
  if record == '' then redis.call('XACK', stream, group, id) end
  at = at + 3 + n
end
-- Last: a letter that does not fit leaves its entry pending.
for i = 6, 5 + settled do redis.call('XACK', stream, group, ARGV[i]) end
if ARGV[4] ~= '' then redis.call('SET', note, ARGV[4]) end
redis.call('ZREMRANGEBYSCORE', seen, '-inf', '(' .. string.format('%.0f', now - window))
return 'parked'
