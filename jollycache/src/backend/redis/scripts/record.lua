-- What every script begins with: the record's layout (entry/record.rs; Lua counts from 1, so offsets are one
-- more), and how a slot is read and written. Every script works on one key, KEYS[1].
local KEY = KEYS[1]
local MAGIC = '\202'
local LEASE_BYTES, INTENT_BYTES, VALUE_BYTES = 30, 32, 39
local TRAILER_BYTES = 24
local LEASED = 2
local CHANGED, FAILED = 'c', 'f'

-- The server's time: callers' clocks do not agree.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The stored record and its kind, or false and nil where there is none, or one that is not ours: another type,
-- another format, a torn one. Whatever is written next replaces it.
local function load()
  local record = redis.pcall('GET', KEY)
  if type(record) ~= 'string' or string.sub(record, 1, 1) ~= MAGIC then
    return false, nil
  end
  local kind = string.sub(record, 2, 2)
  if (kind == 'V' and #record >= VALUE_BYTES)
    or (kind == 'L' and #record == LEASE_BYTES)
    or (kind == 'I' and #record == INTENT_BYTES) then
    return record, kind
  end
  return false, nil
end

local function millis_at(record, position)
  return (struct.unpack('>I8', record, position))
end

-- A value's flags with the lease flag taken out, and whether it was set.
local function flags_of(value)
  local flags = string.byte(value, 23)
  local leased = bit.band(flags, LEASED) ~= 0 and #value >= VALUE_BYTES + TRAILER_BYTES
  return bit.band(flags, bit.bnot(LEASED)), leased
end

-- The token and the end of the lease that a record holds, or nil. An ended one may still stand in a value.
local function lease_of(record, kind, now)
  local until_ms, token
  if kind == 'L' then
    until_ms, token = millis_at(record, 7), string.sub(record, 15, 30)
  elseif kind == 'V' then
    local _, leased = flags_of(record)
    if leased then
      until_ms, token = millis_at(record, #record - 23), string.sub(record, -16)
    end
  end
  if until_ms and until_ms > now then
    return token, until_ms
  end
  return nil
end

local function publish(signal)
  redis.call('PUBLISH', 'jollycache:' .. KEY, signal)
end

-- Stores a draft with the times it lives by. Without a stale window it is gone when it stops being fresh.
local function put(draft, ttl_ms, stale_ms, now)
  local times = struct.pack('>I8I8', now, now + ttl_ms)
  local record = string.sub(draft, 1, 6) .. times .. string.sub(draft, 23)
  redis.call('SET', KEY, record, 'PX', math.max(ttl_ms + stale_ms, 1))
  publish(CHANGED)
end
