-- What is stored under a key, for administration. No token is returned.
-- KEYS[1] the key.
-- Returns the kind ('' for nothing, '?' for a foreign record), the time in ms, for how long it lives or holds in ms,
-- for how long the lease of a value lives (-1 for none) or how many writers an intent has, whether it is poisoned,
-- and the record, or of one that is no value the region.

local now = now_ms()
local record, kind = load(now)
if not kind then
  local held = redis.pcall('GET', KEY)
  -- A record that has just ended is nothing, too.
  local ended = type(held) == 'string' and string.sub(held, 1, 1) == MAGIC and is_whole(held, string.sub(held, 2, 2))
  return {(held == false or ended) and '' or '?', now, 0, -1, 0, ''}
end
local region = string.sub(record, 3, 6)
if kind == 'V' then
  local _, lease_until = lease_of(record, kind, now)
  return {kind, now, redis.call('PTTL', KEY), lease_until and lease_until - now or -1, 0, record}
elseif kind == 'L' then
  return {kind, now, millis_at(record, 11) - now, -1, 0, region}
elseif kind == 'I' then
  local others = other_writers(record, kind, '', now)
  return {kind, now, millis_at(record, 11) - now, #others / WRITER_BYTES, string.byte(record, 31), region}
end
return {kind, now, math.max(millis_at(record, 17) - now, 0), -1, 0, region}
