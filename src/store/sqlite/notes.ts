import type { NoteStore, StoredNote } from "../store.ts";
import type { Connection } from "./database.ts";
import { isDuplicate } from "./errors.ts";
import { searchable } from "./search-text.ts";
import type { Writer } from "./writer.ts";

export class SqliteNotes implements NoteStore {
  readonly #db: Connection;
  readonly #writer: Writer;

  constructor(db: Connection, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  async add(note: StoredNote): Promise<void> {
    try {
      await this.#writer.write(() => {
        const { lastInsertRowid } = this.#db.run(
          "INSERT INTO notes (note_id, device_id, text, created_at) VALUES (?, ?, ?, ?)",
          note.note_id,
          note.device_id,
          note.text,
          note.created_at,
        );
        this.#db.run("INSERT INTO note_search (rowid, text) VALUES (?, ?)", lastInsertRowid, searchable(note.text));
      }, note.text.length);
    } catch (cause) {
      if (!isDuplicate(cause)) throw cause;
      throw new Error(`Cannot add note "${note.note_id}": one with this id is stored already`, { cause });
    }
  }

  list(filter: { readonly device_id?: string; readonly limit: number }): Promise<readonly StoredNote[]> {
    const columns = "SELECT note_id, device_id, text, created_at FROM notes";
    return this.#db.read(() =>
      filter.device_id === undefined
        ? this.#db.all<StoredNote>(`${columns} ORDER BY id DESC LIMIT ?`, filter.limit)
        : this.#db.all<StoredNote>(
            `${columns} WHERE device_id = ? ORDER BY id DESC LIMIT ?`,
            filter.device_id,
            filter.limit,
          ),
    );
  }

  remove(note_id: string): Promise<boolean> {
    return this.#writer.write(() => {
      const note = this.#db.get<{ id: number }>("DELETE FROM notes WHERE note_id = ? RETURNING id", note_id);
      if (note === null) return false;
      this.#db.run("DELETE FROM note_search WHERE rowid = ?", note.id);
      return true;
    });
  }
}
