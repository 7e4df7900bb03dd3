-- Stores what was loaded, if the lease is still there: comparing the token is the fencing.
-- KEYS[1] the key. ARGV[1] token, [2] draft, [3] ttl in ms, [4] stale window in ms.
-- Returns 1 if it was stored, 0 if the lease is lost, or the draft is older than what was stored or evicted.

local now = now_ms()
local record, kind = load(now)
if lease_of(record, kind, now) ~= ARGV[1] then
  return 0
end
if too_old(ARGV[2], floor_of(record, kind)) then
  drop_lease(record, kind, now)
  publish(CHANGED)
  return 0
end
put(ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), now)
return 1
