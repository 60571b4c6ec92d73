"""Makes the vectors in test/fixtures/ta-lib with the real TA-Lib.

    python3 -m venv venv && venv/bin/pip install TA-Lib==0.6.8 numpy==2.4.6
    venv/bin/python tools/make-ta-lib-vectors.py FOLDER_OF_KLINES test/fixtures/ta-lib

FOLDER_OF_KLINES holds the csv.gz files named in SETS (columns open_time,open,high,low,close,volume,...; open_time in UTC ms).
Where they come from is written in test/fixtures/ta-lib/README.md. Empty minutes are filled here by the rule of docs/indicators.md,
written a second time on purpose: the product is tested against it. The same input gives the same bytes.
"""

import csv
import gzip
import json
import pathlib
import sys

import numpy
import talib

TA_LIB_WHEEL, TA_LIB_C = "0.6.8", "0.6.4"
MINUTE, FIVE_MINUTES, HOUR = 60_000, 300_000, 3_600_000
DAY_2023_03_11 = 1_678_492_800_000
MAX_FILLED = 60

# name: file, timeframe of the file, timeframe wanted, first open time (None: start of the file), rows taken from the file
SETS = {
    "kraken-btc-usd-1m": ("depeg-2023-03/kraken_BTC-USD_1m.csv.gz", MINUTE, MINUTE, DAY_2023_03_11, 900),
    "kraken-usdc-usd-1m": ("depeg-2023-03/kraken_USDC-USD_1m.csv.gz", MINUTE, MINUTE, 1_677_974_400_000, 320),
    "binanceus-usdc-usdt-1m": ("depeg-2023-03/binanceus_USDCUSDT_1m.csv.gz", MINUTE, MINUTE, DAY_2023_03_11, 900),
    "coinbase-btc-usd-1h": ("depeg-2023-03/coinbase_BTC-USD_1m.csv.gz", MINUTE, HOUR, None, 10**9),
    "binance-eth-usdt-5m": ("long/binance_ETHUSDT_5m_2023-01-01_2023-12-30.csv.gz", FIVE_MINUTES, FIVE_MINUTES, 1_679_529_600_000, 700),
}


def candles_of(path, from_ms, rows):
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            if from_ms is not None and int(row["open_time"]) < from_ms:
                continue
            if rows == 0:
                return
            rows -= 1
            yield int(row["open_time"]), float(row["high"]), float(row["low"]), float(row["close"])


def rolled_up(candles, timeframe):
    buckets = {}
    for time, high, low, close in candles:
        start = time - time % timeframe
        _, old_high, old_low, _ = buckets.get(start, (start, high, low, close))
        buckets[start] = (start, max(high, old_high), min(low, old_low), close)
    return [buckets[start] for start in sorted(buckets)]


def filled(candles, timeframe):
    """The first run of candles without a hole of more than MAX_FILLED, with flat candles in the smaller holes."""
    grid = []
    for candle in candles:
        if grid:
            missing = (candle[0] - grid[-1][0]) // timeframe - 1
            if missing > MAX_FILLED:
                return grid
            for _ in range(missing):
                close = grid[-1][3]
                grid.append((grid[-1][0] + timeframe, close, close, close))
        grid.append(candle)
    return grid


def default_values(high, low, close):
    macd, signal, histogram = talib.MACD(close, 12, 26, 9)
    k, d = talib.STOCH(high, low, close, 14, 3, 0, 3, 0)
    return {
        "SMA_20": talib.SMA(close, 20),
        "SMA_50": talib.SMA(close, 50),
        "EMA_12": talib.EMA(close, 12),
        "EMA_26": talib.EMA(close, 26),
        "RSI_14": talib.RSI(close, 14),
        "MACD": macd,
        "MACD_signal": signal,
        "MACD_histogram": histogram,
        "STOCH_k": k,
        "STOCH_d": d,
    }


def other_values(high, low, close):
    macd, signal, histogram = talib.MACD(close, 5, 35, 5)
    k, d = talib.STOCH(high, low, close, 5, 2, 0, 4, 0)
    line, line_signal, line_histogram = talib.MACD(close, 3, 10, 2)
    raw_k, raw_d = talib.STOCH(high, low, close, 9, 1, 0, 1, 0)
    return {
        "SMA_2": talib.SMA(close, 2),
        "EMA_2": talib.EMA(close, 2),
        "EMA_100": talib.EMA(close, 100),
        "RSI_2": talib.RSI(close, 2),
        "RSI_50": talib.RSI(close, 50),
        "MACD_5_35_5": macd,
        "MACD_signal_5_35_5": signal,
        "MACD_histogram_5_35_5": histogram,
        "MACD_3_10_2": line,
        "MACD_signal_3_10_2": line_signal,
        "MACD_histogram_3_10_2": line_histogram,
        "STOCH_k_5_2_4": k,
        "STOCH_d_5_2_4": d,
        "STOCH_k_9_1_1": raw_k,
        "STOCH_d_9_1_1": raw_d,
    }


def corners(close):
    """Corner sets have high = low = close."""
    flat_end = close[:150] + [close[149]] * 500
    return {
        "flat": [100.0] * 120,
        "up": [100.0 + i for i in range(120)],
        "down": [500.0 - i for i in range(120)],
        "active, then flat": flat_end,
        "tiny prices": [round(price * 1e-12, 18) for price in close[:150]],
        "ten candles": close[:10],
        "fifty candles": close[:50],
    }


def as_json(values):
    return {name: [None if number != number else number for number in column.tolist()] for name, column in values.items()}


def write(folder, name, content):
    text = json.dumps(content, separators=(",", ":"))
    (folder / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def main(source, target):
    found = (talib.__version__, talib.__ta_version__.decode().split()[0])
    if found != (TA_LIB_WHEEL, TA_LIB_C):
        sys.exit(f"TA-Lib is {found}; the committed vectors need wheel {TA_LIB_WHEEL} with C library {TA_LIB_C}")
    made_with = {"ta_lib_wheel": TA_LIB_WHEEL, "ta_lib_c": TA_LIB_C, "numpy": numpy.__version__}
    for name, (file, file_timeframe, timeframe, from_ms, rows) in SETS.items():
        candles = candles_of(source / file, from_ms, rows)
        stored = list(candles) if timeframe == file_timeframe else rolled_up(candles, timeframe)
        grid = filled(stored, timeframe)
        stored = [candle for candle in stored if candle[0] <= grid[-1][0]]
        high, low, close = (numpy.array(column) for column in list(zip(*grid))[1:])
        columns = dict(zip(["open_times_ms", "high", "low", "close"], [list(column) for column in zip(*stored)]))
        columns["open_times_ms"] = [(time - stored[0][0]) // timeframe for time in columns["open_times_ms"]]
        first = {"first_open_time_ms": stored[0][0], "timeframe_ms": timeframe}
        outputs = default_values(high, low, close)
        if name == "kraken-btc-usd-1m":
            closes = close.tolist()
            short = slice(0, 250)
            others = other_values(high[short], low[short], close[short])
            write(target, "other-lengths", {**made_with, "high": high[short].tolist(), "low": low[short].tolist(), "close": close[short].tolist(), "values": as_json(others)})
        write(target, name, {**made_with, "source": file, **first, "stored": columns, "values": as_json(outputs)})
        print(name, len(stored), "stored,", len(grid), "in the grid")
    sets = {}
    for name, prices in corners(closes).items():
        column = numpy.array(prices)
        sets[name] = {"close": prices, "values": as_json(default_values(column, column, column))}
    write(target, "corner-cases", {**made_with, "sets": sets})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
