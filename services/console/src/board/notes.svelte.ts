/** Short words about what was just done, each with a way back where there is one. */

export interface Note {
  id: number;
  text: string;
  undo?: () => void;
}

const SHOWN_MS = 12_000;

class Notes {
  all = $state<Note[]>([]);
  /** For a screen reader: said when there is time, and said at once. */
  polite = $state('');
  assertive = $state('');
  #last = 0;

  tell(text: string, undo?: () => void): void {
    const note: Note = { id: ++this.#last, text, ...(undo ? { undo } : {}) };
    this.all = [...this.all.slice(-2), note];
    this.polite = text;
    setTimeout(() => this.drop(note.id), SHOWN_MS);
  }

  drop(id: number): void {
    this.all = this.all.filter((note) => note.id !== id);
  }
}

export const notes = new Notes();
