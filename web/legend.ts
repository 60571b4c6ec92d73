/// <reference lib="dom" />

export type LegendItem = {
  /** Names the value for readers of the page's structure. */
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly color?: string;
};

/** Title and values of a panel, over its top left corner. */
export type Legend = {
  readonly element: HTMLElement;
  show(title: string, rows: readonly (readonly LegendItem[])[]): void;
};

export function createLegend(panel: string): Legend {
  const element = document.createElement('div');
  element.className = 'legend';
  element.dataset['panel'] = panel;
  return {
    element,
    show(title, rows) {
      const head = textElement('strong', title);
      element.replaceChildren(...rows.map((items, i) => rowElement(i === 0 ? [head] : [], items)));
    },
  };
}

function rowElement(head: readonly HTMLElement[], items: readonly LegendItem[]): HTMLElement {
  const row = document.createElement('div');
  row.append(...head, ...items.map(itemElement));
  return row;
}

/** Texts from data only ever become text nodes. */
function itemElement({ name, label, value, color }: LegendItem): HTMLElement {
  const item = document.createElement('span');
  item.dataset['name'] = name;
  item.dataset['value'] = value;
  const shown = textElement('b', value);
  if (color !== undefined) shown.style.color = color;
  if (label !== '') item.append(textElement('i', label), ' ');
  item.append(shown);
  return item;
}

function textElement(tag: 'b' | 'i' | 'strong', text: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
