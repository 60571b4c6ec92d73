/** 32-bit FNV-1a of ASCII text: a number from 0 to 2^32-1, the same for ever, for spreading names evenly. No protection against intent. */
export function fnv1a(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01_00_01_93);
  return hash >>> 0;
}
