-- How far the exchange's candles, the live stream and the archive agree: one row an hour and market.
CREATE TABLE IF NOT EXISTS agreements
(
    exchange   LowCardinality(String),
    symbol     LowCardinality(String),
    timestamp  DateTime64(3, 'UTC') COMMENT 'the hour' CODEC(DoubleDelta, ZSTD(1)),
    candles    UInt8 COMMENT 'minutes with a stored candle',
    witnessed  UInt8 COMMENT 'minutes of which the stream saw every trade',
    agreed     UInt8 COMMENT 'of those: candle and stream say the same',
    verified   UInt8 COMMENT 'of those: the archive says the same too',
    updated_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    CONSTRAINT names_are_unified CHECK match(exchange, '^[a-z0-9]{1,20}$') AND match(symbol, '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$'),
    CONSTRAINT timestamp_is_a_full_hour CHECK modulo(toUnixTimestamp64Milli(timestamp), 3600000) = 0,
    CONSTRAINT counts_are_within_the_hour CHECK candles <= 60 AND witnessed <= 60 AND agreed <= witnessed AND verified <= agreed
)
ENGINE = ReplacingMergeTree(updated_at)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (exchange, symbol, timestamp);

-- What it comes to by day.
CREATE VIEW IF NOT EXISTS daily_agreements AS
SELECT exchange, symbol, toDate(timestamp) AS day, sum(candles) AS candles, sum(witnessed) AS witnessed, sum(agreed) AS agreed,
    sum(verified) AS verified
FROM agreements FINAL
GROUP BY exchange, symbol, day;
