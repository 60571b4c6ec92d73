// As in exchanges.ts: ccxt exports only its root. These are the classes with WebSockets, which nothing but live trades needs.
import binance from '../../../node_modules/ccxt/js/src/pro/binance.js';
import binanceus from '../../../node_modules/ccxt/js/src/pro/binanceus.js';
import coinbase from '../../../node_modules/ccxt/js/src/pro/coinbase.js';
import kraken from '../../../node_modules/ccxt/js/src/pro/kraken.js';

export { binance, binanceus, coinbase, kraken };
