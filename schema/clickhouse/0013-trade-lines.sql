-- Where the collector began with a market of which nothing was known: what came after, and was lost in a crash before its first minute was
-- stored, is missing and not merely earlier. Of two rows for one market the later wins.
CREATE TABLE IF NOT EXISTS trade_lines
(
    exchange LowCardinality(String),
    symbol   LowCardinality(String),
    after_id UInt64 COMMENT 'the last trade that is not expected',
    began_at DateTime64(3, 'UTC') COMMENT 'event time of the trade that it was concluded from',
    CONSTRAINT names_are_unified CHECK match(exchange, '^[a-z0-9]{1,20}$') AND match(symbol, '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$')
)
ENGINE = ReplacingMergeTree(began_at)
ORDER BY (exchange, symbol);
