-- What the live stream saw of each closed minute: a second witness beside the exchange's candle, never a candle itself.
CREATE TABLE IF NOT EXISTS trade_minutes
(
    exchange     LowCardinality(String),
    symbol       LowCardinality(String),
    timestamp    DateTime64(3, 'UTC') COMMENT 'open time, inclusive' CODEC(DoubleDelta, ZSTD(1)),
    first_id     UInt64 CODEC(Delta(8), ZSTD(1)),
    last_id      UInt64 CODEC(Delta(8), ZSTD(1)),
    trade_count  UInt64 CODEC(ZSTD(1)),
    open         Decimal(38, 18) COMMENT 'price of the trade with the lowest id' CODEC(ZSTD(1)),
    high         Decimal(38, 18) CODEC(ZSTD(1)),
    low          Decimal(38, 18) CODEC(ZSTD(1)),
    close        Decimal(38, 18) COMMENT 'price of the trade with the highest id' CODEC(ZSTD(1)),
    volume       Decimal(38, 18) COMMENT 'in the base asset' CODEC(ZSTD(1)),
    is_complete  Bool COMMENT 'every id from the trade before the minute to its last one was seen',
    is_synthetic Bool COMMENT 'some trades were made up from a recorded candle',
    updated_at   DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    CONSTRAINT names_are_unified CHECK match(exchange, '^[a-z0-9]{1,20}$') AND match(symbol, '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$'),
    CONSTRAINT timestamp_is_on_the_grid CHECK timestamp >= toDateTime64('2009-01-01 00:00:00', 3, 'UTC') AND timestamp < toDateTime64('2100-01-01 00:00:00', 3, 'UTC')
        AND modulo(toUnixTimestamp64Milli(timestamp), 60000) = 0,
    CONSTRAINT prices_are_in_order CHECK low > 0 AND low <= least(open, close) AND high >= greatest(open, close),
    CONSTRAINT there_was_a_trade CHECK trade_count > 0 AND volume > 0 AND first_id <= last_id
)
ENGINE = ReplacingMergeTree(updated_at)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (exchange, symbol, timestamp)
SETTINGS index_granularity = 1024, min_compress_block_size = 8192, max_compress_block_size = 16384, min_parts_to_merge_at_once = 16;
