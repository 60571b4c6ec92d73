/** What a check says that tests share and that fails by an assertion: nothing while all is well. */
export async function asserted(check: () => Promise<void> | void): Promise<readonly string[]> {
  try {
    await check();
    return [];
  } catch (error) {
    // A bug that ends in another error was not seen by the check.
    if (!(error instanceof Error) || !/AssertionError|Property failed/.test(`${error.name} ${error.message}`)) throw error;
    return [error.message.split('\n')[0] ?? ''];
  }
}
