/** What a person at the keyboard can mend: one sentence that says what to do. */
export class DatabaseProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DatabaseProblem";
  }
}
