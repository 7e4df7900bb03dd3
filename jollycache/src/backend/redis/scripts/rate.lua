-- Judges rate limits together, and takes from each if all have room. protocol/rate has the same arithmetic; its
-- numbers are whole and below 2^53, so doubles hold them.
-- KEYS one a limit. ARGV[1] 'take' or 'look', then five a limit: 'L', 'C' or 'B', quota, window in ms, capacity, cost.
-- Returns three numbers a limit: ms until there is room, 0 if there is, -1 if there never will be; how many requests
-- there is room for; ms until all is free again.
--
-- A log is a list: the lead, then the time of each request, oldest first. A counter or a bucket is '\202R', the
-- letter, and four times 8 bytes: the lead, the last time, and its two numbers. The lead is how far the limit's time
-- is ahead of the server's: it never goes back, even if the server's does.

local NUMBERS, RECORD_BYTES, PUSH_CHUNK = '\202R', 35, 1000
local clock = now_ms()

-- The limit's time, and the lead that goes with it.
local function time_of(lead, last)
  return math.max(clock + lead, last), math.max(lead, last - clock)
end

local function log(key, quota, window)
  local length = redis.pcall('LLEN', key)
  local foreign = type(length) ~= 'number'
  if foreign then
    length = 0
  end
  local function at(index)
    return tonumber(redis.call('LINDEX', key, index)) or 0
  end
  local old_lead, last = 0, 0
  if length > 1 then
    old_lead, last = at(0), at(-1)
  end
  local now, lead = time_of(old_lead, last)
  -- The first that still counts.
  local first, beyond = math.min(length, 1), length
  while first < beyond do
    local middle = math.floor((first + beyond) / 2)
    if at(middle) + window <= now then
      first = middle + 1
    else
      beyond = middle
    end
  end
  local used = length - first

  local limit = {jumped = lead ~= old_lead}
  function limit.remaining()
    return math.max(quota - used, 0)
  end
  function limit.wait(cost)
    local over = used + cost - quota
    return over > 0 and at(first + over - 1) + window - now or 0
  end
  function limit.empty_in()
    return used > 0 and math.max(last + window - now, 0) or 0
  end
  function limit.take(cost)
    if foreign or used == 0 then
      redis.call('DEL', key)
      redis.call('RPUSH', key, lead)
    elseif first > 1 or limit.jumped then
      -- The last that is cut off makes room for the lead.
      redis.call('LTRIM', key, first - 1, -1)
      redis.call('LSET', key, 0, lead)
    end
    local times = {}
    for pushed = 1, cost do
      times[#times + 1] = now
      if #times == PUSH_CHUNK or pushed == cost then
        redis.call('RPUSH', key, unpack(times))
        times = {}
      end
    end
    redis.call('PEXPIRE', key, window)
    used, last = used + cost, now
  end
  function limit.keep_lead()
    redis.call('LSET', key, 0, lead)
  end
  return limit
end

-- What counters and buckets have in common; `kind` gives them their arithmetic.
local function numbers(key, letter, lifetime, kind)
  local record = redis.pcall('GET', key)
  local old_lead, last, one, two = 0, 0, 0, 0
  local prefix = NUMBERS .. letter
  if type(record) == 'string' and #record == RECORD_BYTES and string.sub(record, 1, 3) == prefix then
    old_lead, last, one, two = struct.unpack('>I8I8I8I8', record, 4)
  end
  local now, lead = time_of(old_lead, last)
  local limit = kind(now, last, one, two)
  limit.jumped = lead ~= old_lead
  local function keep(at, a, b)
    redis.call('SET', key, prefix .. struct.pack('>I8I8I8I8', lead, at, a, b), 'PX', lifetime)
  end
  local add = limit.take
  function limit.take(cost)
    keep(now, add(cost))
  end
  function limit.keep_lead()
    keep(last, one, two)
  end
  return limit
end

local function counter(quota, window)
  return function(now, last, previous, current)
    local elapsed = now % window
    local passed = math.floor(now / window) - math.floor(last / window)
    if passed == 1 then
      previous, current = current, 0
    elseif passed > 1 then
      previous, current = 0, 0
    end
    local function room()
      return math.max(quota * window - previous * (window - elapsed) - current * window, 0)
    end
    local function in_the_way(taken, cost)
      return taken == 0 and 0 or math.max(window - math.floor((quota - cost) * window / taken), 0)
    end

    local limit = {}
    function limit.remaining()
      return math.floor(room() / window)
    end
    function limit.wait(cost)
      if cost * window <= room() then
        return 0
      elseif current + cost <= quota then
        return in_the_way(previous, current + cost) - elapsed
      end
      return window - elapsed + in_the_way(current, cost)
    end
    function limit.empty_in()
      if current > 0 then
        return 2 * window - elapsed
      end
      return previous > 0 and window - elapsed or 0
    end
    function limit.take(cost)
      current = current + cost
      return previous, current
    end
    return limit
  end
end

local function bucket(quota, window, capacity)
  return function(now, last, stored)
    local level = math.max(stored - (now - last) * quota, 0)

    local limit = {}
    function limit.remaining()
      return math.floor(math.max(capacity * window - level, 0) / window)
    end
    function limit.wait(cost)
      return math.ceil(math.max(level + cost * window - capacity * window, 0) / quota)
    end
    function limit.empty_in()
      return math.ceil(level / quota)
    end
    function limit.take(cost)
      level = level + cost * window
      return level, 0
    end
    return limit
  end
end

local function limit_at(index)
  local letter, quota, window, capacity, cost = unpack(ARGV, index * 5 - 3, index * 5 + 1)
  quota, window, capacity, cost = tonumber(quota), tonumber(window), tonumber(capacity), tonumber(cost)
  local limit
  if letter == 'L' then
    limit = log(KEYS[index], quota, window)
  elseif letter == 'C' then
    limit = numbers(KEYS[index], letter, 2 * window, counter(quota, window))
  else
    limit = numbers(KEYS[index], letter, window, bucket(quota, window, capacity))
  end
  limit.cost = cost
  limit.waited = cost > capacity and -1 or limit.wait(cost)
  return limit
end

local limits, admitted = {}, ARGV[1] == 'take'
for index = 1, #KEYS do
  limits[index] = limit_at(index)
  admitted = admitted and limits[index].waited == 0
end

local answer = {}
for _, limit in ipairs(limits) do
  if admitted and limit.cost > 0 then
    limit.take(limit.cost)
  elseif limit.jumped then
    limit.keep_lead()
  end
  answer[#answer + 1] = limit.waited
  answer[#answer + 1] = limit.remaining()
  answer[#answer + 1] = limit.empty_in()
end
return answer
