-- Removes a tag's id, closes the tag for a writer, or opens it after one. A tag holds its id (16 bytes) and the run
-- that it was created in (4); nothing, where no entry carries it; a closed one is a sorted set, of the token of each writer
-- that keeps it closed and of GRACE, by the time at which each ends by itself. To a reader of strings it is nothing.
-- KEYS[1] the tag. ARGV[1] 'evict', 'close' or 'open', [2] how long the tag is to be closed, in ms: the grace of an
-- invalidation or an opening, the bound on a writer; [3] the writer's token.
-- Returns 1.

local GRACE = 'grace'
-- protocol/tag.rs has the same number.
local MAX_WRITERS = 4096

local now = now_ms()
local closed_ms = tonumber(ARGV[2])

-- Nothing shortens a grace.
local function extend_grace(until_ms)
  redis.call('ZADD', KEY, 'GT', until_ms, GRACE)
end

-- Something is deleted first: a server that is full does that, and lets a script that has written go on.
if redis.call('TYPE', KEY).ok == 'zset' then
  redis.call('ZREMRANGEBYSCORE', KEY, '-inf', now)
else
  redis.call('DEL', KEY)
end

if ARGV[1] == 'close' then
  redis.call('ZADD', KEY, now + closed_ms, ARGV[3])
  if redis.call('ZCARD', KEY) > MAX_WRITERS then
    -- The writer that ends first is no longer listed; the tag stays closed until its end.
    extend_grace(redis.call('ZPOPMIN', KEY)[2])
  end
else
  if ARGV[1] == 'open' then
    redis.call('ZREM', KEY, ARGV[3])
  end
  if closed_ms > 0 then
    extend_grace(now + closed_ms)
  end
end

local last_end = redis.call('ZRANGE', KEY, -1, -1, 'WITHSCORES')[2]
if last_end then
  redis.call('PEXPIREAT', KEY, last_end)
end
return 1
