-- KEYS: stream, mark (hash of epoch, previous, count, mark).
-- ARGV: epoch (fixed width), acknowledged count, acknowledged mark, the messages in rising order as one MessagePack
-- array (of each its mark, the number of its shape from 1, and the values of that shape's fields), then for every shape
-- the number of its field names and each of them.
-- Reply, flat: 'fenced', epoch | 'behind', epoch, count, mark | 'published', added, skipped, count, mark
--            | 'refused', added, skipped, count, mark, index from 0, the server's words.
--
-- Epochs and marks are digit strings of one width: comparing text compares them exactly, which doubles would not.
-- A count stays a number: it rises by one an entry, so it leaves the 2^53 that doubles carry exactly to nobody's life.
local stream, key = KEYS[1], KEYS[2]
local epoch, acknowledged_count, acknowledged_mark = ARGV[1], tonumber(ARGV[2]), ARGV[3]

local stored = redis.call('HMGET', key, 'epoch', 'count', 'mark')
local stored_epoch = stored[1] or string.rep('0', #epoch)
local count = tonumber(stored[2] or '0')
local mark = stored[3] or string.rep('0', #acknowledged_mark)

if epoch < stored_epoch then return {'fenced', stored_epoch} end
-- An older epoch here is a lost claim. A lower count alone is a lost entry of the lane that moves no mark.
if stored_epoch < epoch or count < acknowledged_count or mark < acknowledged_mark then
  return {'behind', stored_epoch, string.format('%.0f', count), mark}
end

-- Of each shape the whole command, whose values every message of it overwrites.
local commands = {}
local at = 5
while at <= #ARGV do
  local n = tonumber(ARGV[at])
  local command = {'XADD', stream, '*'}
  for field = 1, n do
    command[2 * field + 2] = ARGV[at + field]
    command[2 * field + 3] = ''
  end
  commands[#commands + 1] = command
  at = at + 1 + n
end

local messages = cmsgpack.unpack(ARGV[4])
local total = #messages
local added, skipped, index, refusal = 0, 0, 0, nil
at = 1
while at <= total do
  local message_mark, command = messages[at], commands[messages[at + 1]]
  local last = #command
  if message_mark <= mark then
    skipped = skipped + 1
    at = at + 2 + (last - 3) / 2
  else
    at = at + 2
    for value = 5, last, 2 do
      command[value] = messages[at]
      at = at + 1
    end
    local id = redis.pcall(unpack(command, 1, last))
    if type(id) == 'table' then
      refusal = id.err
      break
    end
    added = added + 1
    mark = message_mark
  end
  index = index + 1
end

if added > 0 then
  count = count + added
  redis.call('HSET', key, 'count', string.format('%.0f', count), 'mark', mark)
end
if refusal then
  return {'refused', added, skipped, string.format('%.0f', count), mark, index, refusal}
end
return {'published', added, skipped, string.format('%.0f', count), mark}
