-- Invalidates a tag, closes it for a writer, or opens it after one. A tag holds its id (16 bytes); a closed one holds
-- 'c', until when it stays closed though its writers be gone (8), and for each writer that keeps it closed when it ends
-- by itself (8) and its token (16).
-- KEYS[1] the tag. ARGV[1] 'rotate', 'close' or 'open', [2] the new id, [3] its lifetime in ms, [4] how long the tag
-- is to be closed, in ms: the grace of an invalidation or an opening, the bound on a writer; [5] the writer's token.
-- Returns the id that the tag had, or nil.

local MAX_WRITERS, WRITER_BYTES, ID_BYTES = 64, 24, 16

local now = now_ms()
local held = redis.pcall('GET', KEY)
local grace_until, writers, last_end = 0, {}, 0

local function add_writer(until_ms, token)
  writers[#writers + 1] = struct.pack('>I8', until_ms) .. token
  last_end = math.max(last_end, until_ms)
end

if type(held) == 'string' and string.sub(held, 1, 1) == 'c' and (#held - 9) % WRITER_BYTES == 0 then
  grace_until = millis_at(held, 2)
  for position = 10, #held, WRITER_BYTES do
    local until_ms, token = millis_at(held, position), string.sub(held, position + 8, position + 23)
    -- Who has ended by itself counts no more; whoever closes or opens is counted anew, or no more.
    if until_ms > now and token ~= ARGV[5] then
      add_writer(until_ms, token)
    end
  end
end

local closed_ms = tonumber(ARGV[4])
if ARGV[1] == 'close' then
  if #writers == MAX_WRITERS then
    table.remove(writers, 1)
  end
  add_writer(now + closed_ms, ARGV[5])
else
  -- Nothing shortens a grace, nor opens what writers keep closed.
  grace_until = math.max(grace_until, now + closed_ms)
end

local closed_until = math.max(last_end, grace_until)
-- A server that is full deletes, and lets a script that has written go on.
redis.call('DEL', KEY)
if closed_until > now then
  local closed = 'c' .. struct.pack('>I8', grace_until) .. table.concat(writers)
  redis.call('SET', KEY, closed, 'PX', closed_until - now)
else
  redis.call('SET', KEY, ARGV[2], 'PX', ARGV[3])
end
return type(held) == 'string' and #held == ID_BYTES and held
