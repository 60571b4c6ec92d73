"""Compares what a store holds with the real TA-Lib: every indicator value of every series, and where there is none.

    python3 -m venv .venv && .venv/bin/pip install -r test/e2e/requirements.txt
    .venv/bin/python tools/compare-with-ta-lib.py CANDLES.csv INDICATORS.csv

CANDLES.csv has the columns series,timeframe,open_time,high,low,close (open_time in UTC ms), INDICATORS.csv the columns
series,open_time,name,value; both of one store, in any order, as "tidemark sql --format CSVWithNames" writes them. Empty candles are
filled here by the rule of docs/indicators.md, written another time on purpose. The last line of stdout is one JSON object; the exit
code is 1 when a value differs by more than 1e-9 of scale, is missing, or stands where TA-Lib has none.
"""

import csv
import json
import sys

import numpy
import talib

TA_LIB_WHEEL, TA_LIB_C = "0.6.8", "0.6.4"
STEP_MS = {"1m": 60_000, "5m": 300_000, "1h": 3_600_000}
MAX_FILLED, MIN_CANDLES = 60, 20
TOLERANCE = 1e-9
SHOWN = 5


def read_candles(path):
    series = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            times = series.setdefault((row["series"], STEP_MS[row["timeframe"]]), {})
            time = int(row["open_time"])
            if time in times:
                sys.exit(f'{row["series"]} {time} is in the store twice')
            times[time] = (float(row["high"]), float(row["low"]), float(row["close"]))
    return series


def read_values(path):
    values = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            key = (row["series"], int(row["open_time"]), row["name"])
            if key in values:
                sys.exit(f"{key} is in the store twice")
            values[key] = float(row["value"])
    return values


def stretches(candles, step):
    """The filled grid: lists of (time, high, low, close, stored), a new one behind each hole of more than MAX_FILLED."""
    grid = []
    for time in sorted(candles):
        missing = (time - grid[-1][0]) // step - 1 if grid else 0
        if missing > MAX_FILLED:
            yield grid
            grid = []
        else:
            for _ in range(missing):
                close = grid[-1][3]
                grid.append((grid[-1][0] + step, close, close, close, False))
        grid.append((time, *candles[time], True))
    yield grid


def ta_lib_values(high, low, close):
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


def expected_values(candles, step):
    """(time, name) -> (value, price) for every stored candle at which TA-Lib has a value."""
    expected = {}
    for grid in stretches(candles, step):
        if len(grid) < MIN_CANDLES:
            continue
        high, low, close = (numpy.array([row[column] for row in grid]) for column in (1, 2, 3))
        for name, column in ta_lib_values(high, low, close).items():
            for (time, _, _, price, stored), value in zip(grid, column.tolist()):
                if stored and value == value:
                    expected[(time, name)] = (value, price)
    return expected


def main(candles_path, values_path):
    found = (talib.__version__, talib.__ta_version__.decode().split()[0])
    if found != (TA_LIB_WHEEL, TA_LIB_C):
        sys.exit(f"TA-Lib is {found}, expected wheel {TA_LIB_WHEEL} with C library {TA_LIB_C}: pip install -r test/e2e/requirements.txt")
    stored = read_values(values_path)
    compared, max_error, worst, different, missing = 0, 0.0, None, [], []
    series = read_candles(candles_path)
    for (name_of_series, step), candles in series.items():
        for (time, name), (value, price) in expected_values(candles, step).items():
            key = (name_of_series, time, name)
            if key not in stored:
                missing.append(key)
                continue
            scale = 100.0 if name.startswith(("RSI", "STOCH")) else max(abs(value), price)
            error = abs(stored.pop(key) - value) / scale
            compared += 1
            if error > max_error:
                max_error, worst = error, key
            if not error <= TOLERANCE:
                different.append(key)
    result = {
        "series": len(series),
        "candles": sum(len(candles) for candles in series.values()),
        "compared": compared,
        "max_scaled_error": max_error,
        "worst": worst,
        "different": different[:SHOWN],
        "missing": missing[:SHOWN],
        "beside": sorted(stored)[:SHOWN],
    }
    print(json.dumps(result))
    sys.exit(1 if different or missing or stored or compared == 0 else 0)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
