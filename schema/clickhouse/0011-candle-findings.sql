-- Candles and witnesses that say different things: trades of the stream, trades of the archive, the minutes of a longer candle.
CREATE TABLE IF NOT EXISTS candle_findings
(
    exchange   LowCardinality(String),
    symbol     LowCardinality(String),
    timeframe  LowCardinality(String),
    timestamp  DateTime64(3, 'UTC') COMMENT 'open time of the candle',
    witness    LowCardinality(String),
    message    String COMMENT 'what both say, with the values',
    found_at   DateTime64(3, 'UTC'),
    settled_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when a later look found them to agree',
    updated_at DateTime64(3, 'UTC'),
    CONSTRAINT names_are_unified CHECK match(exchange, '^[a-z0-9]{1,20}$') AND match(symbol, '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$') AND timeframe IN ('1m', '5m', '1h'),
    CONSTRAINT witness_is_known CHECK witness IN ('stream', 'archive', 'roll-up')
)
ENGINE = ReplacingMergeTree(updated_at)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (exchange, symbol, timeframe, timestamp, witness);
