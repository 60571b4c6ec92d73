-- Trades that the live stream did not bring: one row a run of missing trade ids. Of two rows for one gap the later wins.
CREATE TABLE IF NOT EXISTS trade_gaps
(
    exchange       LowCardinality(String),
    symbol         LowCardinality(String),
    first_id       UInt64 COMMENT 'first missing trade id',
    last_id        UInt64 COMMENT 'last missing trade id, inclusive',
    from_time      DateTime64(3, 'UTC') COMMENT 'event time of the trade before the gap',
    to_time        DateTime64(3, 'UTC') COMMENT 'event time of the trade after it',
    cause          LowCardinality(String),
    state          LowCardinality(String) COMMENT 'open, repaired, partly repaired, lost',
    repaired_count UInt64 COMMENT 'how many of the missing trades were fetched later',
    repaired_by    LowCardinality(String) COMMENT 'rest, stream, or empty',
    detected_at    DateTime64(3, 'UTC'),
    updated_at     DateTime64(3, 'UTC'),
    CONSTRAINT names_are_unified CHECK match(exchange, '^[a-z0-9]{1,20}$') AND match(symbol, '^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$'),
    CONSTRAINT ids_are_in_order CHECK first_id <= last_id,
    CONSTRAINT state_is_known CHECK state IN ('open', 'repaired', 'partly repaired', 'lost'),
    CONSTRAINT repair_has_a_source CHECK (repaired_count = 0) = (repaired_by = '') AND repaired_count <= last_id - first_id + 1
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (exchange, symbol, first_id);
