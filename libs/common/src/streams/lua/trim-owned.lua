-- KEYS: stream, samples (sorted set of ids by when everything below them was acknowledged).
-- ARGV: how long entries are kept at least in ms, since when ('added' | 'acknowledged'), registered groups.
-- Reply, flat: removed entries, then the names of groups that nobody registered.
local stream, keep = KEYS[1], tonumber(ARGV[1])
if redis.call('EXISTS', stream) == 0 then return {0} end

-- Both parts of an id are unsigned 64-bit, which a double cannot carry; without leading zeros the longer is the larger.
local function digits_below(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end

local function below(a, b)
  local a_ms, a_seq = string.match(a, '^(%d+)-(%d+)$')
  local b_ms, b_seq = string.match(b, '^(%d+)-(%d+)$')
  if a_ms ~= b_ms then return digits_below(a_ms, b_ms) end
  return digits_below(a_seq, b_seq)
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local since = string.format('%.0f', math.max(0, now - keep))
-- The largest id that there is: what follows only lowers it.
local oldest = '18446744073709551615-18446744073709551615'
if ARGV[2] == 'added' then oldest = since .. '-0' end

local registered = {}
for i = 3, #ARGV do registered[ARGV[i]] = false end

local unknown = {}
for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local info = {}
  for i = 1, #group, 2 do info[group[i]] = group[i + 1] end
  local name = info['name']
  if registered[name] == nil then
    unknown[#unknown + 1] = name
  else
    registered[name] = true
    local needed = info['last-delivered-id']
    local pending = redis.call('XPENDING', stream, name)
    if pending[1] > 0 then needed = pending[2] end
    if below(needed, oldest) then oldest = needed end
  end
end
-- A registered group that is not there will be made at the beginning and read everything.
for _, exists in pairs(registered) do
  if not exists then oldest = '0-0' end
end

if ARGV[2] == 'acknowledged' then
  -- Everything below `oldest` is acknowledged now; what was so at the last sample of that age may go.
  redis.call('ZADD', KEYS[2], 'NX', now, oldest)
  local sample = redis.call('ZREVRANGEBYSCORE', KEYS[2], since, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if #sample == 0 then
    oldest = '0-0'
  else
    if below(sample[1], oldest) then oldest = sample[1] end
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. sample[2])
  end
end

local reply = {redis.call('XTRIM', stream, 'MINID', '=', oldest)}
for _, name in ipairs(unknown) do reply[#reply + 1] = name end
return reply
