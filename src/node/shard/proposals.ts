/** Proposals that somebody waits for: settled when their entry is applied, or known to be lost. */
interface Waiting {
  readonly index: number;
  readonly term: number;
  readonly settle: (index: number | null) => void;
}

export class Proposals {
  #waiting: Waiting[] = [];

  /** Nobody waits. */
  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** The index when the entry proposed there in `term` is applied; null when its outcome became unknown. */
  wait(index: number, term: number): Promise<number | null> {
    return new Promise((settle) => {
      this.#waiting.push({ index, term, settle });
    });
  }

  /** Entry `index` of `term` was applied. */
  applied(index: number, term: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0].index <= index) {
      const head = this.#waiting.shift();
      head?.settle(head.index === index && head.term === term ? index : null);
    }
  }

  /** This member leads no more. */
  abandon(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { settle } of waiting) settle(null);
  }
}
