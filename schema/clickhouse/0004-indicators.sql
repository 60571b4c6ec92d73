-- Indicator values of stored candles: one row per candle and name. Computing them again from newer candles replaces them.
CREATE TABLE IF NOT EXISTS indicators
(
    exchange       LowCardinality(String),
    symbol         LowCardinality(String),
    timeframe      LowCardinality(String),
    timestamp      DateTime64(3, 'UTC') COMMENT 'open time of the candle' CODEC(DoubleDelta, ZSTD(1)),
    indicator_name LowCardinality(String),
    value          Float64 CODEC(ZSTD(1)),
    candle_version UInt64 COMMENT 'version of this candle when it was computed' CODEC(Delta(8), ZSTD(1)),
    fingerprint    UInt64 COMMENT 'identifies the candles and settings it was computed from' CODEC(ZSTD(1)),
    computed_at    DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    CONSTRAINT names_are_unified CHECK match(exchange, '^[a-z0-9]{1,20}$') AND match(symbol, '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$') AND timeframe IN ('1m', '5m', '1h'),
    CONSTRAINT value_is_finite CHECK isFinite(value)
)
ENGINE = ReplacingMergeTree(candle_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (exchange, symbol, timeframe, timestamp, indicator_name)
SETTINGS index_granularity = 1024, min_compress_block_size = 8192, max_compress_block_size = 16384, min_parts_to_merge_at_once = 16;
