/** `2023-03-11 03:27`, UTC. */
export function utcMinute(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}

/** `40 s`, `12 min`, `2 h 5 min`, `3 d 4 h`; never negative. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min`;
  return hours < 24 ? withRest(hours, 'h', minutes % 60, 'min') : withRest(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function withRest(count: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${count} ${unit}` : `${count} ${unit} ${rest} ${restUnit}`;
}

/** `20364.5` with 2 digits -> `20,364.50`. Digits beyond are kept: exact figures stay exact. */
export function figure(decimal: string, leastFractionDigits: number): string {
  const [whole = '0', fraction = ''] = decimal.split('.');
  const padded = fraction.padEnd(leastFractionDigits, '0');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return padded === '' ? grouped : `${grouped}.${padded}`;
}

/** A computed value with so many digits, and a true minus sign. */
export function signedFigure(value: number, digits: number): string {
  const text = figure(Math.abs(value).toFixed(digits), digits);
  return value < 0 && Number(value.toFixed(digits)) !== 0 ? `\u2212${text}` : text;
}

/** Most fraction digits that any of the decimals has. */
export function fractionDigits(decimals: Iterable<string>): number {
  let most = 0;
  for (const decimal of decimals) {
    const point = decimal.indexOf('.');
    if (point !== -1) most = Math.max(most, decimal.length - point - 1);
  }
  return most;
}

/** `+1.25 %` from one price to another; a true minus sign. */
export function change(from: number, to: number): string {
  const percent = ((to - from) / from) * 100;
  return `${percent < 0 ? '\u2212' : '+'}${Math.abs(percent).toFixed(2)} %`;
}

/** `SMA_20` -> `SMA 20`. */
export function valueLabel(name: string): string {
  return name.replaceAll('_', ' ');
}
