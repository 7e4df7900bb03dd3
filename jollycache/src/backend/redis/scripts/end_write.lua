-- Ends a write: the last writer removes the intent, and the sole one may leave its value.
-- KEYS[1] the key. ARGV[1] token, [2] for an eviction the grace in ms, else 0; for a put also [3] draft, [4] ttl in
-- ms, [5] stale window in ms.
-- Returns 1 if the draft was stored, else 0.

local now = now_ms()
local grace_ms = tonumber(ARGV[2])
local record, kind = load()
if kind ~= 'I' then
  -- The intent ended before the write did: whatever was loaded since may be old.
  evict(record, kind, grace_ms, now)
  publish(CHANGED)
  return 0
end

local token, floor = string.sub(record, 15, 30), floor_of(record, kind)
local writers, poisoned = string.byte(record, 39), string.byte(record, 40)
if writers > 1 then
  redis.call('SETRANGE', KEY, 38, string.char(writers - 1))
  publish(CHANGED)
  return 0
end
if ARGV[3] and poisoned == 0 and token == ARGV[1] and not too_old(ARGV[3], floor) then
  put(ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), now)
  return 1
end
remember(string.sub(record, 3, 6), now + grace_ms, floor, now)
publish(CHANGED)
return 0
