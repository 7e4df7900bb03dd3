-- Ends a write: the last writer removes the intent, and the sole one may leave its value.
-- KEYS[1] the key. ARGV[1] token, [2] for an eviction the grace in ms, else 0; for a put also [3] draft, [4] ttl in
-- ms, [5] stale window in ms.
-- Returns 1 if the draft was stored, else 0.

local now = now_ms()
local grace_ms = tonumber(ARGV[2])
local record, kind = load(now)
if kind ~= 'I' then
  -- The intent ended before the write did: what was loaded since may be old.
  evict(record, kind, grace_ms, now)
  publish(CHANGED)
  return 0
end

local region, floor, poisoned = string.sub(record, 3, 6), floor_of(record, kind), string.byte(record, 31)
local closed_until = math.max(millis_at(record, 25), now + grace_ms)
local others, last_end, announced = other_writers(record, kind, ARGV[1], now)
if others ~= '' then
  -- A writer whose own announcement had ended may have written after the others did.
  put_intent(region, others, last_end, announced and poisoned or 1, closed_until, floor, now)
  return 0
end
if ARGV[3] and announced and poisoned == 0 and not too_old(ARGV[3], floor) then
  put(ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), now)
  return 1
end
remember(region, closed_until, floor, now)
publish(CHANGED)
return 0
