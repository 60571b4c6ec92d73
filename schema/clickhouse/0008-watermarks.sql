-- How far each series is complete: every candle from from_time to complete_until is stored, or explained in the table of gaps. The furthest wins.
CREATE TABLE IF NOT EXISTS watermarks
(
    exchange       LowCardinality(String),
    symbol         LowCardinality(String),
    timeframe      LowCardinality(String),
    from_time      DateTime64(3, 'UTC') COMMENT 'open time of the first candle that counts',
    complete_until DateTime64(3, 'UTC') COMMENT 'exclusive; written at most 15 minutes late',
    reread_until   DateTime64(3, 'UTC') COMMENT 'every candle before was read again, at the last of the configured ages',
    updated_at     DateTime64(3, 'UTC'),
    progress       UInt64 MATERIALIZED toUInt64(toUnixTimestamp64Milli(complete_until) + toUnixTimestamp64Milli(reread_until)),
    CONSTRAINT names_are_unified CHECK match(exchange, '^[a-z0-9]{1,20}$') AND match(symbol, '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$') AND timeframe IN ('1m', '5m', '1h'),
    CONSTRAINT times_are_in_order CHECK from_time <= complete_until
)
ENGINE = ReplacingMergeTree(progress)
ORDER BY (exchange, symbol, timeframe);
