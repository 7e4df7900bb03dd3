-- Stores a value whatever is there, unless a writer is at work (an intent has no value, and stays), or it is older
-- than what was stored or evicted.
-- KEYS[1] the key. ARGV[1] draft, [2] ttl in ms, [3] stale window in ms.
-- Returns 1 if it was stored, 0 if not.

local now = now_ms()
local record, kind = load(now)
if kind == 'I' or too_old(ARGV[1], floor_of(record, kind)) then
  publish(CHANGED)
  return 0
end
put(ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), now)
return 1
