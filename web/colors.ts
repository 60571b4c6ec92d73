/** Colours of what is drawn; those of the page around it are in style.css. */
export const COLORS = {
  background: '#0b1016',
  grid: '#131b24',
  axis: '#1d2833',
  text: '#8fa1b3',
  crosshair: '#4d6175',
  up: '#2fb899',
  down: '#ef5d6c',
  upSoft: 'rgba(47, 184, 153, 0.5)',
  downSoft: 'rgba(239, 93, 108, 0.5)',
  filled: '#5b6b7b',
  gap: 'rgba(140, 160, 180, 0.10)',
  rsi: '#c792ea',
  rsiBound: '#54606e',
  macd: '#5aa9ff',
  signal: '#f2b84b',
  histogram: '#7f93a6',
} as const;

const OVERLAYS: Readonly<Record<string, string>> = { SMA_20: '#f2b84b', SMA_50: '#e36bb4', EMA_12: '#5aa9ff', EMA_26: '#9d8cff' };
const FURTHER = ['#7fd1ff', '#ffd37f', '#b8e986', '#ff9e80'] as const;

/** The colour of a line over the price; `index` tells lines apart that have none of their own. */
export function overlayColor(name: string, index: number): string {
  return OVERLAYS[name] ?? FURTHER[index % FURTHER.length] ?? COLORS.text;
}
