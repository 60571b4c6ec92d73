-- What was known at a moment: the winning version of each candle among those that had been fetched by then, also where it was replaced since.
-- SELECT * FROM candles_1m_as_of(as_of = '2026-11-22 12:00:00') WHERE exchange = 'binance' AND symbol = 'BTC/USDT'
-- A candle that was proven since has its later finality already: its figures were the same.
CREATE VIEW IF NOT EXISTS candles_1m_as_of AS
SELECT exchange, symbol, timestamp, known.1 AS open, known.2 AS high, known.3 AS low, known.4 AS close, known.5 AS volume,
    known.6 AS quote_volume, known.7 AS trade_count, version,
    ['forming', 'closed', 'verified', 'revised'][bitShiftRight(version, 62) + 1] AS finality,
    fromUnixTimestamp64Milli(toInt64(bitAnd(bitShiftRight(version, 14), 17592186044415)), 'UTC') AS fetched_at
FROM
(
    SELECT exchange, symbol, timestamp, argMax(tuple(open, high, low, close, volume, quote_volume, trade_count), row_version) AS known,
        max(row_version) AS version
    FROM
    (
        SELECT exchange, symbol, timestamp, open, high, low, close, volume, quote_volume, trade_count, version AS row_version
        FROM candles_1m
        UNION ALL
        SELECT exchange, symbol, timestamp, assumeNotNull(open_before) AS open, assumeNotNull(high_before) AS high,
            assumeNotNull(low_before) AS low, assumeNotNull(close_before) AS close, assumeNotNull(volume_before) AS volume,
            quote_volume_before AS quote_volume, trade_count_before AS trade_count, version_before AS row_version
        FROM revisions
        WHERE timeframe = '1m' AND version_before > 0
    )
    WHERE fromUnixTimestamp64Milli(toInt64(bitAnd(bitShiftRight(row_version, 14), 17592186044415)), 'UTC') <= {as_of: DateTime64(3, 'UTC')}
    GROUP BY exchange, symbol, timestamp
);

CREATE VIEW IF NOT EXISTS candles_5m_as_of AS
SELECT exchange, symbol, timestamp, known.1 AS open, known.2 AS high, known.3 AS low, known.4 AS close, known.5 AS volume,
    known.6 AS quote_volume, known.7 AS trade_count, version,
    ['forming', 'closed', 'verified', 'revised'][bitShiftRight(version, 62) + 1] AS finality,
    fromUnixTimestamp64Milli(toInt64(bitAnd(bitShiftRight(version, 14), 17592186044415)), 'UTC') AS fetched_at
FROM
(
    SELECT exchange, symbol, timestamp, argMax(tuple(open, high, low, close, volume, quote_volume, trade_count), row_version) AS known,
        max(row_version) AS version
    FROM
    (
        SELECT exchange, symbol, timestamp, open, high, low, close, volume, quote_volume, trade_count, version AS row_version
        FROM candles_5m
        UNION ALL
        SELECT exchange, symbol, timestamp, assumeNotNull(open_before) AS open, assumeNotNull(high_before) AS high,
            assumeNotNull(low_before) AS low, assumeNotNull(close_before) AS close, assumeNotNull(volume_before) AS volume,
            quote_volume_before AS quote_volume, trade_count_before AS trade_count, version_before AS row_version
        FROM revisions
        WHERE timeframe = '5m' AND version_before > 0
    )
    WHERE fromUnixTimestamp64Milli(toInt64(bitAnd(bitShiftRight(row_version, 14), 17592186044415)), 'UTC') <= {as_of: DateTime64(3, 'UTC')}
    GROUP BY exchange, symbol, timestamp
);

CREATE VIEW IF NOT EXISTS candles_1h_as_of AS
SELECT exchange, symbol, timestamp, known.1 AS open, known.2 AS high, known.3 AS low, known.4 AS close, known.5 AS volume,
    known.6 AS quote_volume, known.7 AS trade_count, version,
    ['forming', 'closed', 'verified', 'revised'][bitShiftRight(version, 62) + 1] AS finality,
    fromUnixTimestamp64Milli(toInt64(bitAnd(bitShiftRight(version, 14), 17592186044415)), 'UTC') AS fetched_at
FROM
(
    SELECT exchange, symbol, timestamp, argMax(tuple(open, high, low, close, volume, quote_volume, trade_count), row_version) AS known,
        max(row_version) AS version
    FROM
    (
        SELECT exchange, symbol, timestamp, open, high, low, close, volume, quote_volume, trade_count, version AS row_version
        FROM candles_1h
        UNION ALL
        SELECT exchange, symbol, timestamp, assumeNotNull(open_before) AS open, assumeNotNull(high_before) AS high,
            assumeNotNull(low_before) AS low, assumeNotNull(close_before) AS close, assumeNotNull(volume_before) AS volume,
            quote_volume_before AS quote_volume, trade_count_before AS trade_count, version_before AS row_version
        FROM revisions
        WHERE timeframe = '1h' AND version_before > 0
    )
    WHERE fromUnixTimestamp64Milli(toInt64(bitAnd(bitShiftRight(row_version, 14), 17592186044415)), 'UTC') <= {as_of: DateTime64(3, 'UTC')}
    GROUP BY exchange, symbol, timestamp
);
