/// <reference lib="dom" />

export type Waiting = {
  /** Resolves at once while the page is seen, else when it is seen again. */
  untilVisible(): Promise<void>;
  /** Resolves after the time, or earlier with `end`. */
  pause(ms: number): Promise<void>;
  end(): void;
};

export function createWaiting(page: Document): Waiting {
  let end = (): void => {};
  return {
    async untilVisible() {
      while (page.hidden) {
        // oxlint-disable-next-line no-await-in-loop -- waits for one event after the other
        await new Promise((resolve) => page.addEventListener('visibilitychange', resolve, { once: true }));
      }
    },
    async pause(ms) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    end: () => end(),
  };
}
