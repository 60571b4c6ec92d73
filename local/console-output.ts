import type { WriteStream } from 'node:tty';

/** What a command tells a person, line by line, with a bar where the terminal can draw one. */
export type ConsoleOutput = {
  line(text: string): void;
  /** Progress of long work: a bar on a terminal; in a pipe a plain line at the start, at each quarter and at the end. */
  progress(label: string, done: number, total: number): void;
  /** One line that is overwritten on a terminal; in a pipe printed at most every ten seconds. */
  status(text: string): void;
};

const BAR_WIDTH = 24;
const STATUS_EVERY_MS = 10_000;

export type OutputStream = Pick<WriteStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number };

export function createConsoleOutput(stream: OutputStream, nowMs: () => number): ConsoleOutput {
  return stream.isTTY === true ? createTerminalOutput(stream) : createPipeOutput(stream, nowMs);
}

function createTerminalOutput(stream: OutputStream): ConsoleOutput {
  let isOverwritable = false;
  const overwrite = (text: string): void => {
    const width = Math.max(20, (stream.columns ?? 80) - 1);
    stream.write(`\r\u001B[K${text.slice(0, width)}`);
    isOverwritable = true;
  };
  return {
    line(text) {
      stream.write(`${isOverwritable ? '\r\u001B[K' : ''}${text}\n`);
      isOverwritable = false;
    },
    progress(label, done, total) {
      const filled = total === 0 ? BAR_WIDTH : Math.round((done / total) * BAR_WIDTH);
      overwrite(`[${'█'.repeat(filled)}${'·'.repeat(BAR_WIDTH - filled)}] ${done}/${total} ${label}`);
    },
    status: overwrite,
  };
}

function createPipeOutput(stream: OutputStream, nowMs: () => number): ConsoleOutput {
  let lastStatusMs = Number.NEGATIVE_INFINITY;
  let lastProgress = '';
  const line = (text: string): void => void stream.write(`${text}\n`);
  return {
    line,
    progress(label, done, total) {
      const quarter = Math.max(1, Math.ceil(total / 4));
      const text = `${done >= total ? total : done - (done % quarter)} of ${total} ${label}`;
      if (text !== lastProgress) line(text);
      lastProgress = text;
    },
    status(text) {
      if (nowMs() - lastStatusMs < STATUS_EVERY_MS) return;
      lastStatusMs = nowMs();
      line(text);
    },
  };
}
