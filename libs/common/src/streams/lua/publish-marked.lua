-- KEYS: stream, mark (hash of epoch, previous, count, mark).
-- ARGV: epoch (fixed width), acknowledged count, acknowledged mark, then for every message in rising order:
-- mark, number of fields and values, each of them.
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

local added, skipped, index, refusal = 0, 0, 0, nil
local at = 4
while at <= #ARGV do
  local message_mark, n = ARGV[at], tonumber(ARGV[at + 1])
  if message_mark <= mark then
    skipped = skipped + 1
  else
    local id = redis.pcall('XADD', stream, '*', unpack(ARGV, at + 2, at + 1 + n))
    if type(id) == 'table' then
      refusal = id.err
      break
    end
    added = added + 1
    mark = message_mark
  end
  index = index + 1
  at = at + 2 + n
end

if added > 0 then
  count = count + added
  redis.call('HSET', key, 'count', string.format('%.0f', count), 'mark', mark)
end
if refusal then
  return {'refused', added, skipped, string.format('%.0f', count), mark, index, refusal}
end
return {'published', added, skipped, string.format('%.0f', count), mark}
