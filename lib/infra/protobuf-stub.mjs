// Stands for `protobufjs/minimal`, which ccxt names for exchanges that this platform does not have.
export default {};
