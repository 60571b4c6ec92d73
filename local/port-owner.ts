import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { ConfigError } from '#core/errors.ts';

const LISTENING = '0A';

/** Throws `ConfigError` that names who listens on the port, where the system tells (Linux). Elsewhere the server's own start says that it is taken. */
export function refuseTakenPort(option: string, port: number): void {
  const inode = port === 0 ? null : listeningSocket(port);
  if (inode === null) return;
  const owner = ownerOf(inode);
  throw new ConfigError(
    `${option} ${port}: the port is taken by ${owner ?? 'another process'}, expected a free one; stop it, or choose another with ${option} N`,
  );
}

/** Inode of the socket that listens on the port at 127.0.0.1 or at every address. */
function listeningSocket(port: number): string | null {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of textOf(file).split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      if (state === LISTENING && local.endsWith(`:${wanted}`)) return inode;
    }
  }
  return null;
}

/** `process 4711 (node)`, or null when it belongs to somebody whose files we may not see. */
function ownerOf(inode: string): string | null {
  const target = `socket:[${inode}]`;
  for (const pid of entriesOf('/proc').filter((name) => /^\d+$/.test(name))) {
    const holds = entriesOf(`/proc/${pid}/fd`).some((descriptor) => linkOf(`/proc/${pid}/fd/${descriptor}`) === target);
    if (holds) return `process ${pid} (${textOf(`/proc/${pid}/comm`).trim()})`;
  }
  return null;
}

// Processes come and go, and some are not ours to look at: what cannot be read is not there.
function textOf(file: string): string {
  return unlessGone(() => readFileSync(file, 'utf8'), '');
}

function entriesOf(directory: string): readonly string[] {
  return unlessGone(() => readdirSync(directory), []);
}

function linkOf(path: string): string {
  return unlessGone(() => readlinkSync(path), '');
}

function unlessGone<T>(read: () => T, absent: T): T {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'ESRCH', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return absent;
    throw error;
  }
}
