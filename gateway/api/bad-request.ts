/** A request to the API that cannot be understood: answered 400 with the message, a sentence that says what to send. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}
