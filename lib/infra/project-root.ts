import { join } from 'node:path';

/** Where the code that is bundled lies, whatever folder the CDK is started in. */
export const PROJECT_ROOT = join(import.meta.dirname, '../..');
