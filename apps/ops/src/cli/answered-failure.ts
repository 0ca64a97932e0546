/** The command has said what is wrong on stdout; only the exit status is left to tell. */
export class AnsweredFailure extends Error {
  override readonly name = 'AnsweredFailure';

  constructor(readonly status: number) {
    super();
  }
}
