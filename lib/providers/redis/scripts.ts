import { createHash } from 'node:crypto';

export type Script = { readonly text: string; readonly sha: string };

const script = (text: string): Script => ({ text, sha: createHash('sha1').update(text).digest('hex') });

/**
 * The first write must be one that a full server refuses: after a DEL it would let the rest of a script pass. So the fields are written over
 * the old ones first, and then once more alone. Whatever is no hash is removed.
 */
const REPLACE = `local function replace(key, ttl, fields)
  local first = redis.pcall('HSET', key, unpack(fields))
  if type(first) == 'table' and first['err'] and not string.find(first['err'], 'WRONGTYPE') then return first end
  redis.call('DEL', key)
  redis.call('HSET', key, unpack(fields))
  redis.call('PEXPIRE', key, ttl)
  return 1
end`;

/** KEYS[1]; ARGV: time to live in ms, then field, value, field, value ... One key a call, so that it works in a cluster too. */
export const REPLACE_HASH = script(`${REPLACE}
return replace(KEYS[1], ARGV[1], { unpack(ARGV, 2) })`);

/**
 * KEYS[1]; ARGV: time to live in ms, order in ms, order id, then fields and values. Returns 1 when the hash was replaced. What is stored
 * without a readable order, or is no hash, is older than anything. Texts are compared byte by byte: Lua's own "<" follows the locale.
 */
export const ADVANCE_HASH = script(`${REPLACE}
local stored = redis.pcall('HMGET', KEYS[1], 'event_time', 'trade_id')
local function before(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end
local function idBefore(a, b)
  if string.find(a, '^%d+$') and string.find(b, '^%d+$') then
    a, b = string.gsub(a, '^0+', ''), string.gsub(b, '^0+', '')
    if #a ~= #b then return #a < #b end
  end
  return before(a, b)
end
if not stored['err'] and stored[1] and stored[2] and string.find(stored[1], '^%d+$') then
  local storedMs, newMs = tonumber(stored[1]), tonumber(ARGV[2])
  if newMs < storedMs then return 0 end
  if newMs == storedMs and not idBefore(stored[2], ARGV[3]) then return 0 end
end
return replace(KEYS[1], ARGV[1], { unpack(ARGV, 4) })`);
