-- Stores what was loaded, if the lease still exists: comparing the token is the fencing. A lease that was taken over still
-- exists in this sense, and stays with its new holder.
-- KEYS[1] the key. ARGV[1] token, [2] draft, [3] ttl in ms, [4] stale window in ms.
-- Returns 1 if it was stored, 0 if the lease is lost, or the draft is older than what was stored or evicted.

local now = now_ms()
local record, kind = load(now)
local holder, until_ms = lease_granted(record, kind, ARGV[1], now)
if not holder then
  return 0
end
if too_old(ARGV[2], floor_of(record, kind)) then
  if holder == ARGV[1] then
    drop_lease(record, kind, now)
    publish(CHANGED)
  end
  return 0
end
local value = put(ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), now)
if holder ~= ARGV[1] then
  lease_in_place(value, until_ms, holder)
end
return 1
