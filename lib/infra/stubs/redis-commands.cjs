// Stands for the list of all Redis commands, out of which ioredis makes a thousand methods at its start. These are the ones that are sent:
// by lib/providers/redis, and by ioredis itself to open a connection. test/infra/stubs.test.ts holds it against both.
exports.list = [
  'auth',
  'client',
  'eval',
  'evalsha',
  'exec',
  'hello',
  'hgetall',
  'info',
  'multi',
  'psubscribe',
  'readonly',
  'select',
  'ssubscribe',
  'subscribe',
];
// Without flags and places of keys: what asks for them is about clusters, prefixes and pipelines that make themselves.
exports.exists = () => false;
exports.hasFlag = () => false;
exports.getKeyIndexes = () => [];
