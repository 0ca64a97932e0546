-- KEYS: stream, own epoch.  ARGV: group, consumer, epoch (fixed width), count.
-- Reply, flat: 'stale', epoch | 'entries', redelivered 0/1, lost ids (number, then each), then for every entry:
-- id, deliveries, number of fields and values, each of them.
--
-- Epochs are digit strings of one width, so comparing text compares numbers whatever their size.
local stream, own = KEYS[1], KEYS[2]
local group, consumer, epoch, count = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local stored = redis.call('GET', own)
if stored and epoch < stored then return {'stale', stored} end
if stored ~= epoch then redis.call('SET', own, epoch) end

local function pending()
  local summary = redis.pcall('XPENDING', stream, group)
  if not summary.err then return summary[1] end
  if not string.find(summary.err, 'NOGROUP', 1, true) then error(summary) end
  redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
  return 0
end

local lost = {}

-- Everything pending, whoever it was handed to: what only the last owner held would strand the rest for ever.
local function claim()
  local from = '0-0'
  repeat
    local claimed = redis.call('XAUTOCLAIM', stream, group, consumer, 0, from, 'COUNT', count)
    for _, id in ipairs(claimed[3] or {}) do lost[#lost + 1] = id end
    if #claimed[2] > 0 then return claimed[2] end
    from = claimed[1]
  until from == '0-0'
  return {}
end

local entries, redelivered = {}, 0
if pending() > 0 then
  entries = claim()
  if #entries > 0 then redelivered = 1 end
end
if redelivered == 0 then
  local read = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', count, 'STREAMS', stream, '>')
  if read then entries = read[1][2] end
end

local deliveries = {}
if redelivered == 1 then
  local listed = redis.call('XPENDING', stream, group, entries[1][1], entries[#entries][1], #entries)
  for _, item in ipairs(listed) do deliveries[item[1]] = item[4] end
end

local reply = {'entries', redelivered, #lost}
local n = 3
for _, id in ipairs(lost) do
  n = n + 1
  reply[n] = id
end
for _, entry in ipairs(entries) do
  local fields = entry[2]
  reply[n + 1], reply[n + 2], reply[n + 3] = entry[1], deliveries[entry[1]] or 1, #fields
  n = n + 3
  for i = 1, #fields do reply[n + i] = fields[i] end
  n = n + #fields
end
return reply
