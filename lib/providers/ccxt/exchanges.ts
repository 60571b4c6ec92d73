// ccxt exports only its root, which loads 500 modules (6 MB bundled, 0.3 s); these files are what we need.
import binance from '../../../node_modules/ccxt/js/src/binance.js';
import binanceus from '../../../node_modules/ccxt/js/src/binanceus.js';
import coinbase from '../../../node_modules/ccxt/js/src/coinbase.js';
import kraken from '../../../node_modules/ccxt/js/src/kraken.js';
import * as ccxtErrors from '../../../node_modules/ccxt/js/src/base/errors.js';

export { binance, binanceus, coinbase, kraken, ccxtErrors };
