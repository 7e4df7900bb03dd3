-- Requests the lease on a key.
-- KEYS[1] the key. ARGV[1] region (4 bytes), [2] token (16), [3] lease ttl in ms, [4] what a stored value
-- means: 'load' (a fresh one is a hit), 'replace' (nothing), 'refresh' (kept and leased over, a fresh one too); then
-- a name and an id (16) for each live tag.
-- Returns {status, remaining ms, value or false}; status is 'hit', 'leased', 'wait' or 'bypass'.

local live = {}
for i = 5, #ARGV, 2 do
  live[ARGV[i]] = ARGV[i + 1]
end

-- Whether the value was stored under every live id that the caller passed. Names that only the value carries are
-- the caller's to check, after the hit.
local function acceptable(value)
  if ARGV[4] == 'replace' then
    return false
  end
  local carried, position = {}, 40
  for _ = 1, string.byte(value, 39) do
    local length = string.byte(value, position)
    if not length or #value < position + length + 16 then
      return false
    end
    local name = string.sub(value, position + 1, position + length)
    if live[name] and live[name] ~= string.sub(value, position + length + 1, position + length + 16) then
      return false
    end
    carried[name] = true
    position = position + length + 17
  end
  for name in pairs(live) do
    if not carried[name] then
      return false
    end
  end
  return true
end

local now = now_ms()
local record, kind = load(now)
local closed_until = closed_of(record, kind)
if kind == 'I' then
  closed_until = math.max(millis_at(record, 11), closed_until)
end
if kind == 'I' or closed_until > now then
  return {'bypass', math.max(closed_until - now, 0), false}
end

local value = kind == 'V' and acceptable(record) and record
if value and ARGV[4] == 'load' and millis_at(value, 17) > now then
  return {'hit', 0, value}
end

-- Granting the lease again to its holder makes the request idempotent under retry.
local holder, held_until = lease_of(record, kind, now)
if holder and holder ~= ARGV[2] then
  return {'wait', held_until - now, value}
end

local ttl_ms = tonumber(ARGV[3])
if value then
  lease_in_place(value, now + ttl_ms, ARGV[2])
else
  put_lease(ARGV[1], now + ttl_ms, ARGV[2], 0, floor_of(record, kind), now)
end
return {'leased', ttl_ms, value}
