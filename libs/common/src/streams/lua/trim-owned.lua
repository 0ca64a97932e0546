-- KEYS: stream.  ARGV: how long entries are kept at least in ms, registered groups.
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
local oldest = string.format('%.0f', math.max(0, now - keep)) .. '-0'

local registered = {}
for i = 2, #ARGV do registered[ARGV[i]] = false end

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

local reply = {redis.call('XTRIM', stream, 'MINID', '=', oldest)}
for _, name in ipairs(unknown) do reply[#reply + 1] = name end
return reply
