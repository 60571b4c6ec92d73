// Stands for `protobufjs/minimal`, which ccxt names for exchanges that this platform does not have.
// oxlint-disable-next-line import/no-default-export -- as the package has it
export default {};
