-- Closed candles of one hour. One row wins per (exchange, symbol, timestamp): the one with the highest version.
CREATE TABLE IF NOT EXISTS candles_1h
(
    exchange     LowCardinality(String),
    symbol       LowCardinality(String),
    timestamp    DateTime64(3, 'UTC') COMMENT 'open time, inclusive' CODEC(DoubleDelta, ZSTD(1)),
    open         Decimal(38, 18) CODEC(ZSTD(1)),
    high         Decimal(38, 18) CODEC(ZSTD(1)),
    low          Decimal(38, 18) CODEC(ZSTD(1)),
    close        Decimal(38, 18) CODEC(ZSTD(1)),
    volume       Decimal(38, 18) COMMENT 'in the base asset' CODEC(ZSTD(1)),
    quote_volume Nullable(Decimal(38, 18)) COMMENT 'NULL where the exchange does not send it' CODEC(ZSTD(1)),
    trade_count  Nullable(UInt64) COMMENT 'NULL where the exchange does not send it' CODEC(ZSTD(1)),
    version      UInt64 COMMENT 'finality, source rank, fetch time in ms, sequence' CODEC(Delta(8), ZSTD(1)),
    CONSTRAINT names_are_unified CHECK match(exchange, '^[a-z0-9]{1,20}$') AND match(symbol, '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$'),
    CONSTRAINT timestamp_is_on_the_grid CHECK timestamp >= toDateTime64('2009-01-01 00:00:00', 3, 'UTC') AND timestamp < toDateTime64('2100-01-01 00:00:00', 3, 'UTC')
        AND modulo(toUnixTimestamp64Milli(timestamp), 3600000) = 0,
    CONSTRAINT prices_are_in_order CHECK low > 0 AND low <= least(open, close) AND high >= greatest(open, close),
    CONSTRAINT volume_is_not_negative CHECK volume >= 0 AND (quote_volume IS NULL OR quote_volume >= 0),
    CONSTRAINT version_is_of_a_closed_candle CHECK version >= 4611686018427387904
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (exchange, symbol, timestamp)
SETTINGS index_granularity = 1024, min_compress_block_size = 8192, max_compress_block_size = 16384, min_parts_to_merge_at_once = 16;
