-- Indicator values of stored candles: one row per candle and name. Computing them again from newer candles replaces them.
CREATE TABLE IF NOT EXISTS indicators
(
    exchange       LowCardinality(String),
    symbol         LowCardinality(String),
    timeframe      LowCardinality(String),
    timestamp      DateTime64(3, 'UTC') COMMENT 'open time of the candle' CODEC(DoubleDelta, ZSTD(1)),
    indicator_name LowCardinality(String),
    value          Float64 CODEC(ZSTD(1)),
    candle_version UInt64 COMMENT 'highest version among the candles it was computed from' CODEC(Delta(8), ZSTD(1)),
    fingerprint    UInt64 COMMENT 'identifies the candles and settings it was computed from' CODEC(ZSTD(1)),
    computed_at    DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    CONSTRAINT exchange_is_an_id CHECK match(exchange, '^[a-z0-9]{1,20}$'),
    CONSTRAINT symbol_is_unified CHECK match(symbol, '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$'),
    CONSTRAINT timeframe_is_known CHECK timeframe IN ('1m', '5m', '1h'),
    CONSTRAINT value_is_finite CHECK isFinite(value)
)
ENGINE = ReplacingMergeTree(candle_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (exchange, symbol, timeframe, timestamp, indicator_name)
SETTINGS index_granularity = 1024, min_compress_block_size = 8192, max_compress_block_size = 16384;
