-- Removes value and lease of a key that a scan found. Foreign data stays: a scan also finds tag ids, counters
-- and data of other programs, and to a reader a foreign record is a miss anyway.
-- KEYS[1] the key. ARGV[1] region (4 bytes) that it must be of, or '', [2] grace in ms.
-- Returns 1 if there was a value, else 0.

local now, grace_ms = now_ms(), tonumber(ARGV[2])
local record, kind = load(now)
if not kind then
  return 0
end
if ARGV[1] ~= '' and string.sub(record, 3, 6) ~= ARGV[1] then
  return 0
end
if kind == 'I' then
  poison(record, now + grace_ms, now)
else
  evict(record, kind, grace_ms, now)
end
publish(CHANGED)
return kind == 'V' and 1 or 0
