/** Keys without a modifier: handed to whoever is on top. They can be switched off, and never act while somebody types. */

const KEPT = 'quanzu.keys';
type Handler = (key: string) => boolean; // whether it was for this one

class Keys {
  on = $state(localStorage.getItem(KEPT) !== 'off');
  #stack: Handler[] = [];

  constructor() {
    addEventListener('keydown', (event) => this.#pressed(event));
  }

  turn(on: boolean): void {
    this.on = on;
    localStorage.setItem(KEPT, on ? 'on' : 'off');
  }

  /** Hear keys until the function given back is called; the last to come is asked first. */
  hear(handler: Handler): () => void {
    this.#stack.push(handler);
    return () => (this.#stack = this.#stack.filter((one) => one !== handler));
  }

  #pressed(event: KeyboardEvent): void {
    if (!this.on || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector('dialog[open]') !== null) return; // it has its own, wherever the focus is
    const target = event.target as HTMLElement;
    if (target.closest('input:not([type=checkbox]), textarea, select, [contenteditable]')) return;
    if (event.key === 'Enter' && target.closest('a, button')) return;
    for (const handler of [...this.#stack].reverse()) {
      if (handler(event.key)) {
        event.preventDefault();
        return;
      }
    }
  }
}

export const keys = new Keys();
