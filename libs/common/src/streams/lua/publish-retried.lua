-- KEYS: stream, mark (hash of epoch, previous, count, mark), one key per message that remembers its entry id.
-- ARGV: epoch (fixed width), acknowledged count, acknowledged mark, window in ms, then for every message in order:
-- number of fields and values, each of them.
-- Reply, flat: 'fenced', epoch | 'behind', epoch, count, mark | 'published', added, known, count, mark
--            | 'refused', added, known, count, mark, index from 0, the server's words.
--
-- Beside publish-marked.lua: what comes here lies behind the mark, so the mark can tell nothing of it and stays; the
-- count is the same one, so that a store which lost only such entries is found out all the same.
local stream, key = KEYS[1], KEYS[2]
local epoch, acknowledged_count, acknowledged_mark, window = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]

local stored = redis.call('HMGET', key, 'epoch', 'count', 'mark')
local stored_epoch = stored[1] or string.rep('0', #epoch)
local count = tonumber(stored[2] or '0')
local mark = stored[3] or string.rep('0', #acknowledged_mark)

if epoch < stored_epoch then return {'fenced', stored_epoch} end
if stored_epoch < epoch or count < acknowledged_count or mark < acknowledged_mark then
  return {'behind', stored_epoch, string.format('%.0f', count), mark}
end

local added, known, index, refusal = 0, 0, 0, nil
local at = 5
while at <= #ARGV do
  local once, n = KEYS[index + 3], tonumber(ARGV[at])
  -- Remembered anew: a rewind may ask again as long after this as it could have after the first time.
  if redis.call('PEXPIRE', once, window) == 1 then
    known = known + 1
  else
    local id = redis.pcall('XADD', stream, '*', unpack(ARGV, at + 1, at + n))
    if type(id) == 'table' then
      refusal = id.err
      break
    end
    redis.call('SET', once, id, 'PX', window)
    added = added + 1
  end
  index = index + 1
  at = at + 1 + n
end

if added > 0 then
  count = count + added
  redis.call('HSET', key, 'count', string.format('%.0f', count))
end
if refusal then
  return {'refused', added, known, string.format('%.0f', count), mark, index, refusal}
end
return {'published', added, known, string.format('%.0f', count), mark}
