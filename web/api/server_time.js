// The server's time: this machine's clock may be wrong, and only the server decides what is late.

let ahead = 0;

/** Tells what the server's clock said just now. */
export function heard(at) {
  ahead = new Date(at) - Date.now();
}

export const now = () => Date.now() + ahead;
