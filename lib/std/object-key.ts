const MAX_BYTES = 1024;
/** Letters, digits and what is harmless in paths, URLs and shells. */
const SEGMENT = /^[\w.=+@,:-]+$/;

/**
 * Why a text is not a key of an object store, or null when it is one: 1 to 1,024 characters of ASCII letters, digits and `_ . = + @ , : -`,
 * in segments separated by single `/`, none of them `.` or `..`.
 */
export function objectKeyProblem(key: string): string | null {
  if (key === '') return 'it is empty';
  if (Buffer.byteLength(key) > MAX_BYTES) return `it has ${Buffer.byteLength(key)} bytes, expected at most ${MAX_BYTES}`;
  for (const segment of key.split('/')) {
    if (segment === '') return 'it begins or ends with "/" or has two in a row';
    if (segment === '.' || segment === '..') return `it has the segment "${segment}"`;
    if (!SEGMENT.test(segment)) return 'it has characters other than letters, digits and _ . = + @ , : - /';
  }
  return null;
}
