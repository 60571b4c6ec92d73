// Stands for `assert`, which the parser of Redis' errors asks for, and which takes longer to load than all of that parser.
module.exports = function assert(holds, message) {
  if (!holds) throw new Error(String(message ?? 'an assertion does not hold'));
};
