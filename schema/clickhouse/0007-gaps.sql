-- Candles that are not there, and why: one row a run of missing candles. Of two rows for one gap the later wins.
CREATE TABLE IF NOT EXISTS gaps
(
    exchange    LowCardinality(String),
    symbol      LowCardinality(String),
    timeframe   LowCardinality(String),
    from_time   DateTime64(3, 'UTC') COMMENT 'open time of the first missing candle',
    until_time  DateTime64(3, 'UTC') COMMENT 'open time of the first candle behind the gap: exclusive',
    reason      LowCardinality(String),
    evidence    String COMMENT 'what the reason was concluded from',
    state       LowCardinality(String) COMMENT 'open: asked for at every tick; explained: the watermark has passed it; resolved: the candles are there',
    attempts    UInt16 COMMENT 'answers of the exchange with a candle behind the gap and none in it',
    next_try    Nullable(DateTime64(3, 'UTC')),
    detected_at DateTime64(3, 'UTC'),
    resolved_at Nullable(DateTime64(3, 'UTC')),
    resolved_by LowCardinality(String) COMMENT 'rest, backfill, or empty',
    updated_at  DateTime64(3, 'UTC'),
    CONSTRAINT names_are_unified CHECK match(exchange, '^[a-z0-9]{1,20}$') AND match(symbol, '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$') AND timeframe IN ('1m', '5m', '1h'),
    CONSTRAINT times_are_in_order CHECK from_time < until_time,
    CONSTRAINT reason_is_known CHECK reason IN ('no_trades', 'exchange_outage', 'our_outage', 'not_listed', 'retention_lost', 'fetch_failed', 'unknown'),
    CONSTRAINT state_is_known CHECK state IN ('open', 'explained', 'resolved'),
    CONSTRAINT resolution_has_a_source CHECK (state = 'resolved') = (resolved_by != '') AND (state = 'resolved') = (resolved_at IS NOT NULL)
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (exchange, symbol, timeframe, from_time);
