-- KEYS: connection (hash of instance, epoch), the device's commands.
-- ARGV: 'claim' or 'keep', instance, time to live in ms, group that reads the commands, own epoch ('' for none).
-- Reply, flat: 'held', epoch, 1 where commands wait, instance before or '', epoch before or '0'
--            | 'lost', instance, epoch.
--
-- An epoch is the store's clock in microseconds, or one above the last: it rises also over an entry that expired. It
-- stays far below the 2^53 that doubles carry exactly.
local connection, commands = KEYS[1], KEYS[2]
local verb, instance, ttl, group, own = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local stored = redis.call('HMGET', connection, 'instance', 'epoch')

local function next_epoch()
  local time = redis.call('TIME')
  local epoch = tonumber(time[1]) * 1000000 + tonumber(time[2])
  local before = tonumber(stored[2] or '0')
  if before >= epoch then epoch = before + 1 end
  return string.format('%.0f', epoch)
end

local epoch = own
if verb == 'claim' then
  epoch = next_epoch()
elseif stored[2] and stored[2] ~= own then
  -- A claim whose answer was lost is taken up; anything else is somebody newer.
  if own ~= '' or stored[1] ~= instance then return {'lost', stored[1], stored[2]} end
  epoch = stored[2]
elseif own == '' then
  epoch = next_epoch()
end
if epoch ~= stored[2] then redis.call('HSET', connection, 'instance', instance, 'epoch', epoch) end
redis.call('PEXPIRE', connection, ttl)

local function waiting()
  if redis.call('EXISTS', commands) == 0 then return 0 end
  local read = '0-0'
  for _, listed in ipairs(redis.call('XINFO', 'GROUPS', commands)) do
    local info = {}
    for i = 1, #listed, 2 do info[listed[i]] = listed[i + 1] end
    if info['name'] == group then
      if info['pending'] > 0 then return 1 end
      read = info['last-delivered-id']
    end
  end
  return #redis.call('XRANGE', commands, '(' .. read, '+', 'COUNT', 1)
end

return {'held', epoch, waiting(), stored[1] or '', stored[2] or '0'}
