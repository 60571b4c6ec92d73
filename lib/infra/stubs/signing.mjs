// Stands for the curves with which ccxt signs orders. Public market data need no signature, and preparing the curves is a good part of the time
// that ccxt takes to load: so bundles have this in their place, and whoever signs learns why it does not work.
const leftOut = () => {
  throw new Error('signing is left out of this bundle: it reads public market data only');
};
const curve = { sign: leftOut, verify: leftOut, getPublicKey: leftOut };

export { curve as secp256k1, curve as p256, curve as ed25519 };
export {
  leftOut as getStarkKey,
  leftOut as ethSigToPrivate,
  leftOut as sign,
  leftOut as pedersen,
  leftOut as poseidonHashMany,
  leftOut as keccak,
};
