-- Ends a write: the last writer removes the intent, and the sole one may leave its value.
-- KEYS[1] the key. ARGV[1] token; for a put also [2] draft, [3] ttl in ms, [4] stale window in ms.
-- Returns 1 if the draft was stored, else 0.

local record, kind = load()
if kind ~= 'I' then
  -- The intent ended before the write did: whatever was loaded since may be old.
  redis.call('DEL', KEY)
  publish(CHANGED)
  return 0
end

local token, writers, poisoned = string.sub(record, 15, 30), string.byte(record, 31), string.byte(record, 32)
if writers > 1 then
  redis.call('SETRANGE', KEY, 30, string.char(writers - 1))
  publish(CHANGED)
  return 0
end
if ARGV[2] and poisoned == 0 and token == ARGV[1] then
  put(ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), now_ms())
  return 1
end
redis.call('DEL', KEY)
publish(CHANGED)
return 0
