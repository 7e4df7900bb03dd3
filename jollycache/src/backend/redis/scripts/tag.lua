-- Invalidates a tag, closes it for a writer, or opens it after one. A tag holds its id (16 bytes); a closed one holds
-- 'c', the number of writers that keep it so (1), when the last of them ends by itself (8), and until when it stays
-- closed though they be gone (8).
-- KEYS[1] the tag. ARGV[1] 'rotate', 'close' or 'open', [2] the new id, [3] its lifetime in ms, [4] how long the tag
-- is to be closed, in ms: the grace of an invalidation or an opening, the bound on a writer.
-- Returns 1.

local CLOSED_BYTES = 18

local now = now_ms()
local held = redis.pcall('GET', KEY)
local writers, until_ms, grace_until = 0, 0, 0
if type(held) == 'string' and #held == CLOSED_BYTES and string.sub(held, 1, 1) == 'c' then
  writers, until_ms, grace_until = struct.unpack('>BI8I8', held, 2)
  if until_ms <= now then
    writers, until_ms = 0, 0
  end
end

local closed_ms = tonumber(ARGV[4])
if ARGV[1] == 'close' then
  writers, until_ms = math.min(writers + 1, 255), math.max(until_ms, now + closed_ms)
else
  if ARGV[1] == 'open' then
    writers = math.max(writers - 1, 0)
  end
  -- Nothing shortens a grace, nor opens what writers keep closed.
  grace_until = math.max(grace_until, now + closed_ms)
end

local closed_until = math.max(writers > 0 and until_ms or 0, grace_until)
-- A server that is full deletes, and lets a script that has written go on.
redis.call('DEL', KEY)
if closed_until > now then
  local closed = 'c' .. struct.pack('>BI8I8', writers, until_ms, grace_until)
  redis.call('SET', KEY, closed, 'PX', closed_until - now)
else
  redis.call('SET', KEY, ARGV[2], 'PX', ARGV[3])
end
return 1
