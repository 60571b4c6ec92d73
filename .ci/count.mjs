// Adds up the results of the test runs named on the command line and prints them on one line. Ends with 1 on a failure, on a skip, and when a
// run left no result.
import { readFileSync } from 'node:fs';

const runs = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
const [passed, failed, skipped] = [sum('numPassedTests'), sum('numFailedTests'), sum('numPendingTests') + sum('numTodoTests')];
const brokenFiles = runs
  .flatMap((run) => run.testResults)
  .filter((file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'));
for (const file of brokenFiles) console.log(`could not run: ${file.name}`);
const allFailed = failed + brokenFiles.length;
console.log(`${passed} passed, ${allFailed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
process.exit(allFailed === 0 && skipped === 0 && passed > 0 ? 0 : 1);
