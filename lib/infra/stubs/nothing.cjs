// Stands for packages that a function's own code never reaches: ccxt's WebSockets and the unpacking of their messages.
module.exports = function leftOut() {
  throw new Error('this is left out of the bundle: a function asks over REST');
};
