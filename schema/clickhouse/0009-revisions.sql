-- What stored candles were before they changed, and candles that came late: with them every state of the past can be asked for. A candle
-- that came late has no values before. Candles that carry the same version before are one change, written again by a repeated tick.
CREATE TABLE IF NOT EXISTS revisions
(
    exchange            LowCardinality(String),
    symbol              LowCardinality(String),
    timeframe           LowCardinality(String),
    timestamp           DateTime64(3, 'UTC') COMMENT 'open time of the candle',
    version_before      UInt64 COMMENT '0 for a candle that came late',
    open_before         Nullable(Decimal(38, 18)),
    high_before         Nullable(Decimal(38, 18)),
    low_before          Nullable(Decimal(38, 18)),
    close_before        Nullable(Decimal(38, 18)),
    volume_before       Nullable(Decimal(38, 18)),
    quote_volume_before Nullable(Decimal(38, 18)),
    trade_count_before  Nullable(UInt64),
    version             UInt64,
    open                Decimal(38, 18),
    high                Decimal(38, 18),
    low                 Decimal(38, 18),
    close               Decimal(38, 18),
    volume              Decimal(38, 18),
    quote_volume        Nullable(Decimal(38, 18)),
    trade_count         Nullable(UInt64),
    detected_at         DateTime64(3, 'UTC'),
    CONSTRAINT names_are_unified CHECK match(exchange, '^[a-z0-9]{1,20}$') AND match(symbol, '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$') AND timeframe IN ('1m', '5m', '1h'),
    CONSTRAINT before_is_whole_or_absent CHECK (version_before = 0) = (open_before IS NULL) AND (version_before = 0) = (volume_before IS NULL),
    CONSTRAINT version_wins CHECK version > version_before
)
ENGINE = ReplacingMergeTree(detected_at)
ORDER BY (exchange, symbol, timeframe, timestamp, version_before);
