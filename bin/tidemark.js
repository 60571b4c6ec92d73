#!/usr/bin/env node
// Plain JavaScript on purpose: an older Node must be able to read this far to say what it needs.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `tidemark: Node ${process.versions.node} runs this, expected 24 or newer; on Linux (x64, arm64) "npm ci" brings it and npm scripts use it, elsewhere install Node 24\n`,
  );
  process.exit(2);
}
const { main } = await import('./tidemark.ts');
process.exitCode = await main(process.argv);
