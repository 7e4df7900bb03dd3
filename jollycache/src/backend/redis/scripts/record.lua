-- What every script begins with: the record's layout (entry/record.rs; Lua counts from 1, so offsets are one
-- more), and how a slot is read and written. Every script works on one key, KEYS[1].
-- The last two arguments are of the connection that a call is sent on: the run of the server that it leads to (4
-- bytes), and '1' where values and tag ids of other runs count as well.
local TRUSTS = table.remove(ARGV) == '1'
local RUN = table.remove(ARGV)
local KEY = KEYS[1]
local MAGIC = '\203'
local LEASE_BYTES, INTENT_BYTES, EVICTED_BYTES, VALUE_BYTES = 46, 31, 30, 39
local TRAILER_BYTES, WRITER_BYTES = 26, 22
local WRITER_FORMAT = 'I6c16'
local ID_BYTES = 16
-- How much of a token is the lineage of its lease; entry/mod.rs has the same number.
local LINEAGE_BYTES = 8
local LEASED, VERSIONED = 2, 4
local CHANGED, FAILED = 'c', 'f'
-- How long the version of an evicted value is remembered; protocol/slot/mod.rs has the same number.
local VERSION_MEMORY_MS = 60000
local NO_FLOOR = string.rep('\0', 8)

-- The server's time: callers' clocks do not agree.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function packed(millis)
  return struct.pack('>I6', millis)
end

local function millis_at(record, position)
  return (struct.unpack('>I6', record, position))
end

-- The id that a tag holds, or false. One of another run came back from a dump: the tag may have been invalidated after.
local function tag_id(held)
  local is_id = type(held) == 'string' and #held == ID_BYTES + #RUN
  if is_id and (TRUSTS or string.sub(held, ID_BYTES + 1) == RUN) then
    return string.sub(held, 1, ID_BYTES)
  end
  return false
end

-- A value's flags with the lease flag taken out, and whether it was set.
local function flags_of(value)
  local flags = string.byte(value, 23)
  local leased = bit.band(flags, LEASED) ~= 0 and #value >= VALUE_BYTES + TRAILER_BYTES
  return bit.band(flags, bit.bnot(LEASED)), leased
end

-- The token and the end of the lease that a record holds, or nil. An ended one may still stand in a value, and so may
-- one of another run.
local function lease_of(record, kind, now)
  local until_ms, token
  if kind == 'L' then
    until_ms, token = millis_at(record, 11), string.sub(record, 17, 32)
  elseif kind == 'V' then
    local _, leased = flags_of(record)
    if leased and string.sub(record, -20, -17) == RUN then
      until_ms, token = millis_at(record, #record - 25), string.sub(record, -16)
    end
  end
  if until_ms and until_ms > now then
    return token, until_ms
  end
  return nil
end

-- The token and the end of the lease that was granted to a token, also after it was taken over, or nil.
local function lease_granted(record, kind, token, now)
  local holder, until_ms = lease_of(record, kind, now)
  if holder and string.sub(holder, 1, LINEAGE_BYTES) == string.sub(token, 1, LINEAGE_BYTES) then
    return holder, until_ms
  end
  return nil
end

-- The version at the end of a value, or NO_FLOOR. The lease trailer comes after it.
local function version_of(value)
  local flags, leased = flags_of(value)
  if bit.band(flags, VERSIONED) == 0 then
    return NO_FLOOR
  end
  local last = #value - (leased and TRAILER_BYTES or 0)
  return string.sub(value, last - 7, last)
end

-- The version below which nothing may be stored.
local function floor_of(record, kind)
  if kind == 'V' then
    return version_of(record)
  elseif kind == 'L' then
    return string.sub(record, 33, 40)
  elseif kind == 'I' then
    return string.sub(record, 17, 24)
  elseif kind == 'E' then
    return string.sub(record, 23, 30)
  end
  return NO_FLOOR
end

-- Until when nothing that is loaded may be filled, apart from the writers of an intent.
local function closed_of(record, kind)
  if kind == 'L' then
    return millis_at(record, 41)
  elseif kind == 'I' then
    return millis_at(record, 25)
  elseif kind == 'E' then
    return millis_at(record, 17)
  end
  return 0
end

-- Until when the floor of a slot that ended is remembered.
local function known_until(end_ms, floor)
  return floor == NO_FLOOR and end_ms or end_ms + VERSION_MEMORY_MS
end

local function evicted(region, until_ms, closed_until, floor)
  return MAGIC .. 'E' .. region .. RUN .. packed(until_ms) .. packed(closed_until) .. floor
end

-- The record of what is remembered of a slot that ended, and until when it is.
local function memory(region, end_ms, closed_until, floor)
  local closed = math.max(closed_until, end_ms)
  local until_ms = math.max(known_until(end_ms, floor), closed)
  return evicted(region, until_ms, closed, floor), until_ms
end

-- A record as it is now: a lease or an intent that has ended by itself is what it leaves.
local function current(record, kind, now)
  if kind ~= 'L' and kind ~= 'I' or millis_at(record, 11) > now then
    return record, kind
  end
  local left, until_ms =
    memory(string.sub(record, 3, 6), millis_at(record, 11), closed_of(record, kind), floor_of(record, kind))
  if until_ms <= now then
    return false, nil
  end
  return left, 'E'
end

-- A record as it counts in this run of the server. One of another run came back from a dump, and what was acknowledged
-- after that is lost: a value may have been evicted, so it counts only if the dump is trusted; a lease may have been dropped,
-- and an intent poisoned, so neither admits anything. What refuses fills still does.
local function in_this_run(record, kind)
  if not kind or string.sub(record, 7, 10) == RUN or kind == 'E' or (kind == 'V' and TRUSTS) then
    return record, kind
  elseif kind == 'I' then
    return string.sub(record, 1, 30) .. '\1' .. string.sub(record, 32), kind
  end
  return evicted(string.sub(record, 3, 6), 0, closed_of(record, kind), floor_of(record, kind)), 'E'
end

-- Whether the length of a string is that of a record of this kind.
local function is_whole(record, kind)
  return (kind == 'V' and #record >= VALUE_BYTES)
    or (kind == 'L' and #record == LEASE_BYTES)
    or (kind == 'I' and #record > INTENT_BYTES and (#record - INTENT_BYTES) % WRITER_BYTES == 0)
    or (kind == 'E' and #record == EVICTED_BYTES)
end

-- The stored record and its kind, or false and nil where there is none, or a foreign one: another type,
-- another format, a truncated one. Whatever is written next replaces it.
local function load(now)
  local record = redis.pcall('GET', KEY)
  if type(record) ~= 'string' or string.sub(record, 1, 1) ~= MAGIC then
    return false, nil
  end
  local kind = string.sub(record, 2, 2)
  if is_whole(record, kind) then
    return in_this_run(current(record, kind, now))
  end
  return false, nil
end

-- Whether a draft is older than a floor. By halves: a number of Lua holds 53 bits, and texts compare by locale.
local function too_old(draft, floor)
  if bit.band(string.byte(draft, 23), VERSIONED) == 0 then
    return false
  end
  local high, low = struct.unpack('>I4I4', version_of(draft))
  local floor_high, floor_low = struct.unpack('>I4I4', floor)
  return high < floor_high or (high == floor_high and low < floor_low)
end

-- Stores what is remembered of an eviction: until when nothing may be filled, and the floor. It is deleted first: a
-- server that is full deletes, and lets a script that has written go on.
local function remember(region, closed_until, floor, now)
  local left, until_ms = memory(region, now, closed_until, floor)
  redis.call('DEL', KEY)
  if until_ms > now then
    redis.call('SET', KEY, left, 'PX', until_ms - now)
  end
end

-- Removes value and lease, or whatever else is there. An eviction never shortens what is remembered.
local function evict(record, kind, grace_ms, now)
  local closed_until = math.max(now + grace_ms, closed_of(record, kind))
  local region = kind and string.sub(record, 3, 6) or '\0\0\0\0'
  remember(region, closed_until, floor_of(record, kind), now)
end

-- Takes the lease out of a record that has one, and leaves the rest.
local function drop_lease(record, kind, now)
  if kind == 'L' then
    remember(string.sub(record, 3, 6), closed_of(record, kind), floor_of(record, kind), now)
  else
    local flags = flags_of(record)
    -- A server that is full refuses the SET, unless the script has changed something before.
    redis.call('PEXPIRE', KEY, math.max(redis.call('PTTL', KEY), 1))
    local bare = string.sub(record, 1, 22) .. string.char(flags) .. string.sub(record, 24, -TRAILER_BYTES - 1)
    redis.call('SET', KEY, bare, 'KEEPTTL')
  end
end

-- Writes a lease in the place of whatever is there.
local function put_lease(region, until_ms, token, closed_until, floor, now)
  local lease = MAGIC .. 'L' .. region .. RUN .. packed(until_ms) .. token .. floor
  local ends = math.max(known_until(until_ms, floor), closed_until)
  redis.call('SET', KEY, lease .. packed(closed_until), 'PX', ends - now)
end

-- Leases a value that stays in place for others to read: only the lease and its flag are written.
local function lease_in_place(value, until_ms, token)
  local flags, leased = flags_of(value)
  local trailer = packed(until_ms) .. RUN .. token
  if leased then
    redis.call('SETRANGE', KEY, #value - TRAILER_BYTES, trailer)
  else
    redis.call('APPEND', KEY, trailer)
    redis.call('SETRANGE', KEY, 22, string.char(flags + LEASED))
  end
end

local function publish(signal)
  redis.call('PUBLISH', 'jollycache:' .. KEY, signal)
end

-- Stores a draft with the times it lives by, and returns the record. Without a stale window it is gone when it stops
-- being fresh.
local function put(draft, ttl_ms, stale_ms, now)
  local record = string.sub(draft, 1, 6) .. RUN .. packed(now) .. packed(now + ttl_ms) .. string.sub(draft, 23)
  redis.call('SET', KEY, record, 'PX', math.max(ttl_ms + stale_ms, 1))
  publish(CHANGED)
  return record
end

-- The writers of an intent that have not ended, but for the one with this token; when the last of them ends; and whether
-- that one is there. They are read in one call and copied in as few pieces as there are gaps: each `around` on a busy
-- key comes by here twice.
local function other_writers(record, kind, token, now)
  if kind ~= 'I' then
    return '', 0, false
  end
  local writers, kept, from, last_end, found = string.sub(record, INTENT_BYTES + 1), {}, 1, 0, false
  local fields = {struct.unpack('>' .. string.rep(WRITER_FORMAT, #writers / WRITER_BYTES), writers)}
  -- The last field is where the text ended.
  for field = 1, #fields - 1, 2 do
    local until_ms, is_own = fields[field], fields[field + 1] == token
    if until_ms > now and not is_own then
      last_end = math.max(last_end, until_ms)
    else
      local at = (field - 1) / 2 * WRITER_BYTES + 1
      kept[#kept + 1] = string.sub(writers, from, at - 1)
      from = at + WRITER_BYTES
      found = found or (is_own and until_ms > now)
    end
  end
  kept[#kept + 1] = string.sub(writers, from)
  return table.concat(kept), last_end, found
end

-- Writes an intent that lives as long as the last of its writers, and what it remembers.
local function put_intent(region, writers, last_end, poisoned, closed_until, floor, now)
  local times = packed(last_end) .. floor .. packed(closed_until)
  local intent = MAGIC .. 'I' .. region .. RUN .. times .. string.char(poisoned) .. writers
  local ends = math.max(known_until(last_end, floor), closed_until)
  redis.call('SET', KEY, intent, 'PX', math.max(ends - now, 1))
  publish(CHANGED)
end

-- Poisons an intent, so that none of its writers may store: whether the source changed before or after their writes is unknown. The
-- lifetime first, for the same reason as above.
local function poison(intent, closed_until, now)
  local closed = math.max(closed_until, millis_at(intent, 25))
  redis.call('PEXPIRE', KEY, math.max(redis.call('PTTL', KEY), closed - now))
  redis.call('SETRANGE', KEY, 24, packed(closed) .. string.char(1))
end
