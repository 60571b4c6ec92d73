/**
 * Keys as paths, one to one, though a key may be the beginning of another (`a` and `a/b`), which a file and a folder of one name cannot be:
 * folders never have a dot in their names (`%2E` stands for it), files always do (`.object` is added where there is none).
 */
const SUFFIX = '.object';
const MAX_NAME = 240;

/** Path below the storage's folder, or null when a segment is too long for a file system. The key must be a valid one. */
export function pathOfKey(key: string): string | null {
  const segments = key.split('/');
  const last = segments.pop() ?? '';
  const name = last.includes('.') && !last.endsWith(SUFFIX) ? last : last + SUFFIX;
  const path = [...segments.map((segment) => segment.replaceAll('.', '%2E')), name];
  return path.some(({ length }) => length > MAX_NAME) ? null : path.join('/');
}

/** The key of such a path, or that of a folder; null for a path that no key has: somebody else's file. */
export function keyOfPath(path: string, isFolder: boolean): string | null {
  const segments = path.split('/');
  const last = isFolder ? '' : (segments.pop() ?? '');
  const folders = segments.map((segment) => segment.replaceAll('%2E', '.')).join('/');
  if (isFolder) return segments.some((segment) => segment.includes('.')) ? null : folders;
  const name = last.endsWith(SUFFIX) ? last.slice(0, -SUFFIX.length) : last;
  const key = folders === '' ? name : `${folders}/${name}`;
  return pathOfKey(key) === path ? key : null;
}
