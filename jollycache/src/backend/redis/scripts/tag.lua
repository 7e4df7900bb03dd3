-- Invalidates a tag, closes it for a writer, or opens it after one. A tag holds its id (16 bytes); a closed one
-- holds 'c' and the number of writers that keep it so, and ends by itself.
-- KEYS[1] the tag. ARGV[1] 'rotate', 'close' or 'open', [2] the new id, [3] its lifetime in ms, [4] how long the tag
-- is to be closed, in ms: the grace of an invalidation or an opening, the bound on a writer.
-- Returns 1.

local held = redis.pcall('GET', KEY)
local writers = 0
if type(held) == 'string' and #held == 2 and string.sub(held, 1, 1) == 'c' then
  writers = string.byte(held, 2)
end
local closed_ms = tonumber(ARGV[4])

local function close(count)
  local remaining = writers > 0 and redis.call('PTTL', KEY) or 0
  redis.call('SET', KEY, 'c' .. string.char(math.min(count, 255)), 'PX', math.max(closed_ms, remaining, 1))
end

if ARGV[1] == 'close' then
  close(writers + 1)
elseif ARGV[1] == 'open' and writers > 1 then
  redis.call('SET', KEY, 'c' .. string.char(writers - 1), 'KEEPTTL')
elseif ARGV[1] == 'rotate' and writers > 0 then
  -- An invalidation does not open what writers keep closed.
  close(writers)
elseif closed_ms > 0 then
  writers = 0
  close(0)
else
  redis.call('SET', KEY, ARGV[2], 'PX', ARGV[3])
end
return 1
